"""Events that need no context: the values that each may have."""

import math
from collections.abc import Sequence

from google.protobuf.duration_pb2 import Duration
from twinrun.contract.enums import TargetKind
from twinrun.contract.losses import Loss, targets
from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.gate import scores, times
from orchestrator.gate.expected import Expected
from orchestrator.gate.fault import ABOVE, AT_LEAST, AT_MOST, require, require_from
from orchestrator.gate.times import Elapsed
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.mappings.values import seconds

_A_TIME = Phrase("a time above 0 s")
_A_SHAPE = Phrase("[images, height, width, channels], {most:,} numbers at most")
_AS_SHAPED = Phrase("{count}, according to its shape")
_OF_THE_JOB = Phrase("{due}, as in the job")
_RISING = Phrase("more than the previous one's")
_MOST_NUMBERS = 100_000  # of previewed images
_MOST_OPERATIONS = 100
_MOST_RATE = 1e21  # a second: more than any machine has
_MOST_LAYERS, _MOST_AXES = 2_000, 8
_MOST_PARAMETERS = 2**32
_MOST_CALLS = 10_000
_ONCE = Phrase("a key that no other tensor has")
_ONE_CALL = Phrase("a path that no other layer's call {call} has")
_MOST_VALUE_BYTES = 8  # of a parameter
_MOST_STATES = 4  # arrays that an optimizer keeps for each parameter
_EARLIER = Phrase("an earlier tensor's key")


def check_download(message: job_pb2.DownloadProgress) -> None:
    if message.total_bytes:
        received = "download_progress.received_bytes"
        require_from(received, message.received_bytes, 0, message.total_bytes)


def check_cores(
    before: str, message: job_pb2.Environment | runner_service_pb2.GetServerInfoResponse
) -> None:
    """Check that there are no more cores than CPUs, if there is a number of cores."""
    if message.HasField("physical_cores"):
        field, most = f"{before}physical_cores", message.available_cpus
        require_from(field, message.physical_cores, 1, most)


def check_memory(message: job_pb2.ResourcesUsed, inputs: job_pb2.Inputs) -> None:
    """Check that no part of the memory is larger than all of it, and sizes by what is counted."""
    used, peak = message.memory, message.peak_memory_bytes
    for name in ("started_bytes", "built_bytes", "train_peak_bytes", "evaluate_peak_bytes"):
        if used.HasField(name):
            require_from(f"resources_used.memory.{name}", getattr(used, name), 1, peak)
    own = used.train_peak_bytes + used.children_bytes
    require_from("resources_used.memory.(train_peak_bytes + children_bytes)", own, 0, peak)
    most = _MOST_VALUE_BYTES * inputs.parameter_count
    require_from("resources_used.memory.parameter_bytes", used.parameter_bytes, 0, most)
    most = _MOST_STATES * used.parameter_bytes
    require_from("resources_used.memory.optimizer_bytes", used.optimizer_bytes, 0, most)


def check_evaluation(
    message: job_pb2.EvaluationFinished, samples: int, loss: Loss, elapsed: Elapsed | None
) -> None:
    scores.check("evaluation_finished.test", message.test, samples, loss)
    before = 0
    for index, latency in enumerate(message.latencies):
        field = f"latencies[{index}]"
        size = latency.batch_size
        require(size > before, f"{field}.batch_size", size, english(_RISING))
        require_from(f"{field}.batch_size", size, 1, samples)
        require(latency.calls >= 1, f"{field}.calls", latency.calls, english(AT_LEAST, least=1))
        times_of = (latency.p50_duration, latency.p90_duration, latency.p99_duration)
        _require_time(f"{field}.p50_duration", latency.p50_duration)
        for name, shorter, longer in zip(
            ("p50_duration", "p90_duration"), times_of, times_of[1:], strict=False
        ):
            times.require_part(f"{field}.{name}", shorter, longer)
        times.require_lived(f"{field}.p99_duration", latency.p99_duration, elapsed)
        _require_rate(f"{field}.samples_per_second", latency.samples_per_second)
        before = size


def check_profile(message: job_pb2.Profiled) -> None:
    most = english(AT_MOST, most=_MOST_OPERATIONS)
    count = len(message.operations)
    require(count <= _MOST_OPERATIONS, "len(profiled.operations)", count, most)
    require_from("profiled.steps", message.steps, 1, 10_000_000)
    if message.operations:
        _require_time("profiled.total_duration", message.total_duration)
    times.require_part("profiled.busy_duration", message.busy_duration, message.wall_duration)
    for index, operation in enumerate(message.operations):
        field = f"profiled.operations[{index}].self_duration"
        times.require_part(field, operation.self_duration, message.total_duration)


def check_measured(message: job_pb2.MachineMeasured) -> None:
    _require_rate("machine_measured.operations_per_second", message.operations_per_second)
    _require_rate("machine_measured.bytes_per_second", message.bytes_per_second)


def check_model(message: job_pb2.ModelSummarized) -> None:
    require_from("len(model_summarized.layers)", len(message.layers), 1, _MOST_LAYERS)
    parts: dict[str, job_pb2.ModelSummarized | job_pb2.LayerSummary] = {"model_summarized": message}
    parts |= {f"model_summarized.layers[{i}]": layer for i, layer in enumerate(message.layers)}
    for field, each in parts.items():
        require_from(f"{field}.parameter_count", each.parameter_count, 0, _MOST_PARAMETERS)
        require_from(f"{field}.untrained_count", each.untrained_count, 0, each.parameter_count)
    for index, layer in enumerate(message.layers):
        require_from(f"len(layers[{index}].output_shape)", len(layer.output_shape), 1, _MOST_AXES)


def check_traced(given: job_pb2.ModelTraced) -> None:
    """Check names, shapes and references of a traced model."""
    require_from("len(model_traced.layers)", len(given.layers), 1, _MOST_CALLS)
    require_from("len(model_traced.tensors)", len(given.tensors), 1, _MOST_CALLS)
    calls = set[tuple[str, int]]()
    for index, layer in enumerate(given.layers):
        call = layer.path, layer.call
        first = english(_ONE_CALL, call=layer.call)
        require(call not in calls, f"model_traced.layers[{index}].path", layer.path, first)
        calls.add(call)
        for name in ("input_shape", "output_shape"):
            _require_shape(f"model_traced.layers[{index}].{name}", getattr(layer, name))
    keys = dict[str, int]()
    for index, tensor in enumerate(given.tensors):
        field = f"model_traced.tensors[{index}]"
        require(tensor.key not in keys, f"{field}.key", tensor.key, english(_ONCE))
        known = not tensor.tied_to or tensor.tied_to in keys
        require(known, f"{field}.tied_to", tensor.tied_to, english(_EARLIER))
        _require_shape(f"{field}.shape", tensor.shape)
        keys[tensor.key] = index
    for index, draw in enumerate(given.draws):
        _require_shape(f"model_traced.draws[{index}].shape", draw.shape)
        sound = 0 <= draw.rate < 1
        due = english(ABOVE, low=0, high=1)
        require(sound, f"model_traced.draws[{index}].rate", draw.rate, due)


def _require_shape(field: str, shape: Sequence[int]) -> None:
    require_from(f"len({field})", len(shape), 0, _MOST_AXES)
    for side in shape:
        require_from(field, side, 0, _MOST_PARAMETERS)


def check_images(message: job_pb2.ImagesPreviewed, expected: Expected) -> None:
    """Check the job's first images, in the shape of its samples."""
    shape = list(message.shape)
    sound = len(shape) == 4 and all(shape) and math.prod(shape) <= _MOST_NUMBERS
    require(sound, "images_previewed.shape", shape, english(_A_SHAPE, most=_MOST_NUMBERS))
    if expected.sample is not None:
        due = english(_OF_THE_JOB, due=list(expected.sample))
        require(shape[1:] == list(expected.sample), "images_previewed.shape[1:]", shape[1:], due)
    if expected.images is not None:
        due = english(_OF_THE_JOB, due=expected.images)
        require(shape[0] == expected.images, "images_previewed.shape[0]", shape[0], due)
    kind = targets(expected.loss)
    classes = 2 if kind is TargetKind.FLAGS else expected.classes
    has_labels = kind is TargetKind.CLASS or (kind is TargetKind.FLAGS and expected.classes == 1)
    read = len(message.read_labels) or shape[0]
    require_from("len(images_previewed.read_labels)", read, 1, shape[0])
    for name, count in (
        ("originals", math.prod(shape)),
        ("augmented", read * math.prod(shape[1:])),
        ("labels", shape[0] if has_labels else 0),
    ):
        length = len(getattr(message, name))
        due = english(_AS_SHAPED, count=count)
        require(length == count, f"len(images_previewed.{name})", length, due)
    if classes is not None:
        for index, value in enumerate(message.labels):
            require_from(f"images_previewed.labels[{index}]", value, 0, classes - 1)


def _require_time(field: str, duration: Duration) -> None:
    require(seconds(duration) > 0, field, f"{seconds(duration):g} s", english(_A_TIME))


def _require_rate(field: str, rate: float) -> None:
    sound = 0 < rate <= _MOST_RATE
    require(sound, field, rate, english(ABOVE, low=0, high=f"{_MOST_RATE:g}"))
