"""Which values a job spec may have, whatever runs it. Every invalid field is named at once."""

from collections.abc import Iterator
from typing import assert_never

from twinrun.contract import nesting
from twinrun.contract.code_values import code_violations
from twinrun.contract.converters.nests import nested
from twinrun.contract.converters.specs import readable_spec
from twinrun.contract.dataset_values import dataset_violations
from twinrun.contract.enums import (
    Device,
    Execution,
    Loop,
    OwnWay,
    Precision,
    Recipe,
    TargetKind,
)
from twinrun.contract.layer_values import layer_violations
from twinrun.contract.losses import (
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    NextTokenCrossEntropy,
    PixelCrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    ignored,
    targets,
)
from twinrun.contract.metrics import ACCURACY, RANGES, metric_names
from twinrun.contract.optimizers import optimizer_field
from twinrun.contract.ranges import above_zero, between, fraction
from twinrun.contract.spec import Augmentation, JobSpec, Tolerance
from twinrun.contract.stopping import LOSS
from twinrun.contract.violation import Violation
from twinrun.v1 import job_pb2

_MATCHED_ONLY = (
    "steps_per_epoch_limit",
    "report_step_details",
    "perturb_initial_weights",
    "late_epoch",
    "loss_scale",
)
_IDIOMATIC_ONLY = ("matched_initial_values", "matched_batch_order")


def checked_spec(message: job_pb2.JobSpec, default_threads: int) -> tuple[JobSpec, list[Violation]]:
    """Read a spec and fill in defaults; return it with every invalid field.

    What cannot be read is replaced by valid values.
    """
    if too_large := nesting.size_violations(nested(message.layers)):  # before reading each
        shorter = job_pb2.JobSpec()
        shorter.CopyFrom(message)
        del shorter.layers[:]
        return readable_spec(shorter, default_threads)[0], too_large
    spec, unreadable = readable_spec(message, default_threads)
    # The client cannot correct a value that replaced an unset message.
    unset = tuple(f"{violation.field}." for violation in unreadable)
    out_of_range = [bad for bad in _violations(spec) if not bad.field.startswith(unset)]
    return spec, [*unreadable, *out_of_range]


def _violations(spec: JobSpec) -> Iterator[Violation]:
    """Yield fields whose value alone is out of range, and those that exclude each other."""
    yield from between("epochs", spec.epochs, 1, 10_000)
    yield from between("batch_size", spec.batch_size, 1, 1_000_000)
    # A compiled step has the operations of each of its batches.
    yield from between("accumulate_steps", spec.accumulate_steps, 1, 64)
    if spec.accumulate_steps > 1 and ignored(spec.loss) is not None:
        what = (
            "is above 1, and the loss ignores a class: its divisor is a whole step's; leave one out"
        )
        yield Violation("accumulate_steps", what)
    yield from between("seed", spec.seed, 0, 2**31 - 1)
    yield from between("threads", spec.threads, 1, 1024)
    # More losses than this in one event would exceed gRPC's limit of 4 MiB for a message.
    yield from between("report_every_steps", spec.report_every_steps, 1, 100_000)
    yield from spec.optimizer.violations("optimizer")
    yield from _loss_violations(spec.loss)
    yield from dataset_violations(spec.dataset)
    yield from _augmentation_violations(spec.augmentation)
    for place, layer in nesting.written(spec.layers):
        yield from layer_violations(nesting.case(place, layer), layer)
    yield from code_violations(spec)
    if spec.steps_per_epoch_limit is not None:
        yield from between("steps_per_epoch_limit", spec.steps_per_epoch_limit, 1, 10_000_000)
    yield from _recipe_violations(spec)
    yield from _scale_violations(spec)
    yield from _late_epoch_violations(spec)
    yield from _tolerance_violations(spec.tolerance)
    yield from _target_violations(spec)
    yield from _stopping_violations(spec)
    yield from between("perturb_initial_weights", spec.perturb_initial_weights, 0, 1000)
    drawn = {OwnWay.INITIAL_WEIGHTS, OwnWay.INITIALIZERS} & {*spec.own_ways}
    if spec.perturb_initial_weights and drawn:
        yield Violation("perturb_initial_weights", "is of matched initial weights; leave it out")
    if spec.own_ways and spec.recipe is not Recipe.MATCHED:
        yield Violation("own_ways", "are of the matched recipe; in the idiomatic one all is own")
    yield from _own_way_violations(spec)


def _recipe_violations(spec: JobSpec) -> Iterator[Violation]:
    if spec.recipe is not Recipe.MATCHED:  # other trainers would ignore them
        for name in _MATCHED_ONLY:
            if getattr(spec, name) not in (None, False):
                yield Violation(
                    name, "is of the matched recipe only; leave it out, or take recipe matched"
                )
        if spec.optimizer.schedule is not None and spec.optimizer.schedule.shown_steps:
            what = "are of the matched recipe only; leave them out, or take recipe matched"
            yield Violation("optimizer.schedule.shown_steps", what)
        return
    for name in _IDIOMATIC_ONLY:
        if getattr(spec, name):
            what = "is of the idiomatic recipe only; leave it out, or take recipe idiomatic"
            yield Violation(name, what)


def _own_way_violations(spec: JobSpec) -> Iterator[Violation]:
    pipelines = {OwnWay.DATA_PIPELINE, OwnWay.PIPELINE_WORKERS}
    piped = [way for way in spec.own_ways if way in pipelines]
    if piped and spec.execution is Execution.COMPILED:
        yield Violation(
            "own_ways",
            f"has {piped[0]}, which hands out one batch at a time, and execution is compiled, "
            "where a step fetches its own batch; take execution default",
        )
    for way in (OwnWay.TF32, OwnWay.CUDNN_BENCHMARK):
        if way in spec.own_ways and spec.device is not Device.CUDA:
            yield Violation("own_ways", f"has {way}, which is of device cuda only; leave it out")
    if OwnWay.LAST_BATCH in spec.own_ways and spec.accumulate_steps > 1:
        yield Violation(
            "own_ways",
            f"has last_batch, which leaves out a short batch, and accumulate_steps is "
            f"{spec.accumulate_steps}, where it is part of a step; leave one out",
        )
    if OwnWay.LOSS in spec.own_ways and spec.loss != SoftmaxCrossEntropy():
        yield Violation("own_ways", "has loss, which is of a plain softmax_cross_entropy only")
    if OwnWay.ACCURACY in spec.own_ways and targets(spec.loss) is not TargetKind.CLASS:
        yield Violation("own_ways", "has accuracy, which is of classes only; leave it out")
    if OwnWay.TARGET_SHAPE in spec.own_ways and targets(spec.loss) is not TargetKind.NUMBERS:
        yield Violation("own_ways", "has target_shape, which is of targets that are numbers only")
    if OwnWay.CUDA_GRAPH not in spec.own_ways:
        return
    kind = spec.optimizer.kind
    wrong = {
        f"device is {spec.device}": spec.device is not Device.CUDA,
        f"execution is {spec.execution}": spec.execution is not Execution.DEFAULT,
        f"loop is {spec.loop}": spec.loop is not Loop.FIT,
        f"the optimizer is {optimizer_field(type(kind))}": not kind.capturable,
        "the optimizer has a schedule": spec.optimizer.schedule is not None,
        f"own_ways has {piped[0] if piped else ''}": bool(piped),
    }
    if any(wrong.values()):
        found = ", ".join(name for name, is_so in wrong.items() if is_so)
        yield Violation(
            "own_ways",
            "has cuda_graph, which is for device cuda, execution default, loop fit, data in "
            f"memory, and sgd, adam or adamw without a schedule, but {found}",
        )


def _target_violations(spec: JobSpec) -> Iterator[Violation]:
    names = metric_names(spec.loss)
    has = f"is not a metric of this task; it has {', '.join(names)}"
    if spec.target_accuracy is not None:
        yield from between("target_accuracy", spec.target_accuracy, 0, 1)
        if ACCURACY not in names:
            yield Violation("target_accuracy", has)
    if spec.target is None:
        return
    if spec.target_accuracy is not None:
        yield Violation("target", "is set, and so is target_accuracy; leave one out")
    if spec.target.metric and spec.target.metric not in names:
        yield Violation("target.metric", has)
        return
    low, high = RANGES[spec.target.metric or names[0]]
    yield from between("target.value", spec.target.value, max(low, -1e300), min(high, 1e300))


def _stopping_violations(spec: JobSpec) -> Iterator[Violation]:
    if spec.early_stopping is None:
        return
    yield from spec.early_stopping.violations("early_stopping")
    names = (LOSS, *metric_names(spec.loss))
    if spec.early_stopping.metric not in names:
        what = f"is {spec.early_stopping.metric}; this task has {', '.join(names)}"
        yield Violation("early_stopping.metric", what)
    if not spec.dataset.validation_fraction:
        what = "needs validation samples, and there are none; set dataset.validation_fraction"
        yield Violation("early_stopping", what)
    if spec.late_epoch is not None:
        yield Violation("early_stopping", "is beside late_epoch; leave one out")


def _loss_violations(loss: Loss) -> Iterator[Violation]:
    match loss:
        case SoftmaxCrossEntropy(smoothing, weights):
            yield from fraction("loss.softmax_cross_entropy.label_smoothing", smoothing)
            for index, weight in enumerate(weights):
                field = f"loss.softmax_cross_entropy.class_weights[{index}]"
                yield from above_zero(field, weight, 1e6)
        case SigmoidCrossEntropy(weight):
            yield from above_zero("loss.sigmoid_cross_entropy.positive_weight", weight, 1e6)
        case Huber(delta):
            yield from above_zero("loss.huber.delta", delta, 1e6)
        case MeanSquaredError() | MeanAbsoluteError():
            pass
        case NextTokenCrossEntropy() | PixelCrossEntropy():
            pass  # what may be ignored depends on the dataset's classes
        case _:
            assert_never(loss)


def _scale_violations(spec: JobSpec) -> Iterator[Violation]:
    scale = spec.loss_scale
    if scale is None:
        return
    if out_of_range := list(between("loss_scale", scale, 1, 2**16)):
        yield from out_of_range
    elif scale.bit_count() != 1:  # it would round every slope
        yield Violation("loss_scale", f"is {scale}; it must be a power of two")
    elif spec.precision is not Precision.FLOAT16:
        yield Violation("loss_scale", f"is of float16, but precision is {spec.precision}")


def _late_epoch_violations(spec: JobSpec) -> Iterator[Violation]:
    if spec.late_epoch is None:
        return
    yield from between("late_epoch", spec.late_epoch, max(1, spec.epochs - 1), 10_000)
    if spec.epochs < 2:  # PyTorch's optimizers have no step count before their first step
        yield Violation("late_epoch", "needs at least 2 epochs; take one more")


def _tolerance_violations(tolerance: Tolerance) -> Iterator[Violation]:
    usual = Tolerance()
    for name in ("losses", "gradient_norms", "weights", "logits"):
        # The smallest mistake that matters, data normalised in float32, is off by 6e-8.
        yield from above_zero(f"tolerance.{name}", getattr(tolerance, name), 1e-8)
        if getattr(tolerance, name) > getattr(usual, name) and not tolerance.reason:
            yield Violation(
                "tolerance.reason",
                f"is not set; tolerance.{name} is above {getattr(usual, name):g}: say what was "
                "measured",
            )


def _augmentation_violations(augmentation: Augmentation) -> Iterator[Violation]:
    yield from between("augmentation.flip", augmentation.flip, 0, 1)
    yield from between("augmentation.rotation_degrees", augmentation.rotation_degrees, 0, 180)
    yield from between("augmentation.width_shift", augmentation.width_shift, 0, 1)
    yield from between("augmentation.height_shift", augmentation.height_shift, 0, 1)
    yield from fraction("augmentation.zoom", augmentation.zoom)
