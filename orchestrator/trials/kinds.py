"""The kind of an event or a layer: its message's case, as a type for matches that mypy checks."""

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
    "model_traced",
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
    "embedding",
    "residual",
    "concat",
    "repeat",
    "layer_norm",
    "rms_norm",
    "group_norm",
    "global_average_pool2d",
    "global_max_pool2d",
    "zero_padding2d",
    "up_sampling2d",
    "conv1d",
    "spatial_dropout2d",
    "conv2d_transpose",
    "lstm",
    "gru",
    "last_step",
    "position_embedding",
    "multi_head_attention",
    "bidirectional",
    "global_average_pool1d",
    "global_max_pool1d",
    "sinusoidal_positions",
    "to_sequence",
]


def event_kind(event: job_pb2.JobEvent) -> EventKind | None:
    """Return what happened. None: a later version's kind, unknown to this one."""
    return cast("EventKind | None", event.WhichOneof("event"))


def layer_kind(layer: job_pb2.Layer) -> LayerKind | None:
    """Return the kind of the layer. None: as `event_kind`."""
    return cast("LayerKind | None", layer.WhichOneof("kind"))
