"""What an event or a layer is: the case of its message, as a type that mypy can hold matches to."""

from typing import Literal, cast

from twinrun.v1 import job_pb2

EventKind = Literal[
    "state_changed",
    "phase_started",
    "phase_finished",
    "environment",
    "download_progress",
    "inputs",
    "steps_finished",
    "epoch_finished",
    "evaluation_finished",
    "weights_saved",
    "resources_used",
    "logits_saved",
    "model_summarized",
    "machine_measured",
    "profiled",
    "images_previewed",
    "heartbeat",
]
LayerKind = Literal[
    "flatten",
    "dense",
    "activation",
    "custom_dense",
    "conv2d",
    "max_pool2d",
    "average_pool2d",
    "batch_norm",
    "dropout",
]


def event_kind(event: job_pb2.JobEvent) -> EventKind | None:
    """Tell what happened. None: a later version's kind, which this one cannot see."""
    return cast("EventKind | None", event.WhichOneof("event"))


def layer_kind(layer: job_pb2.Layer) -> LayerKind | None:
    """Tell what the layer is. None: as of `event_kind`."""
    return cast("LayerKind | None", layer.WhichOneof("kind"))
