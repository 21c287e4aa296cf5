"""The job spec: everything that a job depends on, with its defaults, validated as a whole.

Field names, units and defaults are those of ``proto/twinrun/v1/job.proto``.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Loss(StrEnum):
    SOFTMAX_CROSS_ENTROPY = "softmax_cross_entropy"


class Recipe(StrEnum):
    MATCHED = "matched"
    IDIOMATIC = "idiomatic"


class OwnWay(StrEnum):
    INITIAL_WEIGHTS = "initial_weights"
    BATCH_ORDER = "batch_order"
    ADAM_EPSILON = "adam_epsilon"
    LOSS = "loss"
    LAST_BATCH = "last_batch"
    ACCURACY = "accuracy"
    DATA_PIPELINE = "data_pipeline"
    JIT_COMPILE = "jit_compile"
    DENORMALS = "denormals"


class Loop(StrEnum):
    FIT = "fit"
    CUSTOM = "custom"


class Execution(StrEnum):
    DEFAULT = "default"
    EAGER = "eager"
    COMPILED = "compiled"


class Precision(StrEnum):
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BFLOAT16 = "bfloat16"


class Device(StrEnum):
    CPU = "cpu"
    CUDA = "cuda"


class ActivationFunction(StrEnum):
    RELU = "relu"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    GELU = "gelu"
    SOFTMAX = "softmax"


class FanMode(StrEnum):
    IN = "in"
    OUT = "out"
    AVERAGE = "average"


class Distribution(StrEnum):
    UNIFORM = "uniform"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class Zeros:
    pass


@dataclass(frozen=True, slots=True)
class Normal:
    stddev: float = 1.0


@dataclass(frozen=True, slots=True)
class VarianceScaling:
    scale: float = 1.0
    mode: FanMode = FanMode.AVERAGE
    distribution: Distribution = Distribution.UNIFORM


Initializer = Zeros | Normal | VarianceScaling


@dataclass(frozen=True, slots=True)
class Flatten:
    pass


@dataclass(frozen=True, slots=True)
class Dense:
    units: int
    kernel_initializer: Initializer = VarianceScaling()
    bias_initializer: Initializer = Zeros()
    use_bias: bool = True


@dataclass(frozen=True, slots=True)
class Activation:
    function: ActivationFunction


@dataclass(frozen=True, slots=True)
class CustomDense:
    units: int
    stddev: float = 1.0


@dataclass(frozen=True, slots=True)
class Conv2d:
    filters: int
    size: int = 3
    stride: int = 1
    padding: int = 0
    kernel_initializer: Initializer = VarianceScaling()
    bias_initializer: Initializer = Zeros()
    use_bias: bool = True


@dataclass(frozen=True, slots=True)
class MaxPool2d:
    size: int = 2
    stride: int = 2


@dataclass(frozen=True, slots=True)
class AveragePool2d:
    size: int = 2
    stride: int = 2


@dataclass(frozen=True, slots=True)
class BatchNorm:
    momentum: float = 0.9
    epsilon: float = 1e-5


@dataclass(frozen=True, slots=True)
class Dropout:
    rate: float


Layer = (
    Flatten
    | Dense
    | Activation
    | CustomDense
    | Conv2d
    | MaxPool2d
    | AveragePool2d
    | BatchNorm
    | Dropout
)


@dataclass(frozen=True, slots=True)
class Sgd:
    momentum: float = 0.0


@dataclass(frozen=True, slots=True)
class Adam:
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8


@dataclass(frozen=True, slots=True)
class AdamW:
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01


@dataclass(frozen=True, slots=True)
class Optimizer:
    kind: Sgd | Adam | AdamW
    learning_rate: float = 0.001


@dataclass(frozen=True, slots=True)
class Normalization:
    mean: float = 0.5
    std: float = 0.5


@dataclass(frozen=True, slots=True)
class Synthetic:
    train_samples: int = 10_000
    test_samples: int = 2_000
    height: int = 28
    width: int = 28
    channels: int = 1
    classes: int = 10


@dataclass(frozen=True, slots=True)
class Dataset:
    name: str
    train_limit: int | None = None
    test_limit: int | None = None
    normalization: Normalization = Normalization()
    synthetic: Synthetic = Synthetic()
    validation_fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class Augmentation:
    flip: float = 0.0
    rotation_degrees: float = 0.0
    width_shift: float = 0.0
    height_shift: float = 0.0
    zoom: float = 0.0


@dataclass(frozen=True, slots=True)
class Tolerance:
    losses: float = 1e-12
    gradient_norms: float = 1e-11
    weights: float = 1e-11
    logits: float = 1e-11
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JobSpec:
    dataset: Dataset
    layers: tuple[Layer, ...]
    optimizer: Optimizer
    threads: int
    loss: Loss = Loss.SOFTMAX_CROSS_ENTROPY
    epochs: int = 5
    batch_size: int = 64
    seed: int = 0
    recipe: Recipe = Recipe.MATCHED
    loop: Loop = Loop.FIT
    execution: Execution = Execution.DEFAULT
    precision: Precision = Precision.FLOAT32
    device: Device = Device.CPU
    report_every_steps: int = 100
    allow_tf32: bool = False
    own_ways: tuple[OwnWay, ...] = ()
    report_step_details: bool = False
    perturb_initial_weights: bool = False
    steps_per_epoch_limit: int | None = None
    target_accuracy: float | None = None
    profile: bool = False
    augmentation: Augmentation = Augmentation()
    late_epoch: int | None = None
    tolerance: Tolerance = Tolerance()

    @property
    def epoch_numbers(self) -> tuple[int, ...]:
        """Of the epochs that are trained, from 0, in their order."""
        numbers = range(self.epochs)
        return tuple(numbers) if self.late_epoch is None else (*numbers[:-1], self.late_epoch)


@dataclass(frozen=True, slots=True)
class Violation:
    """One bad field: its path as in the proto, and what is wrong, with the value and the remedy."""

    field: str
    message: str


def between(field: str, value: float, low: float, high: float) -> Iterator[Violation]:
    """A violation unless ``low <= value <= high``; NaN and infinities never are."""
    if not (math.isfinite(value) and low <= value <= high):
        yield Violation(field, f"is {value}; it must be from {low} to {high}")


def _above_zero(field: str, value: float, high: float) -> Iterator[Violation]:
    if not (math.isfinite(value) and 0 < value <= high):
        yield Violation(field, f"is {value}; it must be above 0 and at most {high}")


def _fraction(field: str, value: float) -> Iterator[Violation]:
    if not (math.isfinite(value) and 0 <= value < 1):
        yield Violation(field, f"is {value}; it must be from 0 to below 1")


_MATCHED_ONLY = (
    "steps_per_epoch_limit",
    "report_step_details",
    "perturb_initial_weights",
    "late_epoch",
)


def value_violations(spec: JobSpec) -> Iterator[Violation]:
    """Every field whose value alone is out of range; how fields fit is the workload's to say."""
    yield from between("epochs", spec.epochs, 1, 10_000)
    yield from between("batch_size", spec.batch_size, 1, 1_000_000)
    yield from between("seed", spec.seed, 0, 2**31 - 1)
    yield from between("threads", spec.threads, 1, 1024)
    # More losses in one event than this would not fit into a message of 4 MiB, gRPC's limit.
    yield from between("report_every_steps", spec.report_every_steps, 1, 100_000)
    yield from _optimizer_violations(spec.optimizer)
    yield from _dataset_violations(spec.dataset)
    yield from _augmentation_violations(spec.augmentation)
    for index, layer in enumerate(spec.layers):
        yield from _layer_violations(f"layers[{index}].{layer_field(layer)}", layer)
    if spec.steps_per_epoch_limit is not None:
        yield from between("steps_per_epoch_limit", spec.steps_per_epoch_limit, 1, 10_000_000)
    if spec.recipe is not Recipe.MATCHED:  # whose trainers would pass them over
        for name in _MATCHED_ONLY:
            if getattr(spec, name) not in (None, False):
                yield Violation(
                    name, "is of the matched recipe only; leave it out, or take recipe matched"
                )
    yield from _late_epoch_violations(spec)
    yield from _tolerance_violations(spec.tolerance)
    if spec.target_accuracy is not None:
        yield from between("target_accuracy", spec.target_accuracy, 0, 1)
    if spec.perturb_initial_weights and OwnWay.INITIAL_WEIGHTS in spec.own_ways:
        yield Violation("perturb_initial_weights", "is of matched initial weights; leave it out")
    if spec.own_ways and spec.recipe is not Recipe.MATCHED:
        yield Violation("own_ways", "are of the matched recipe; in the idiomatic one all is own")
    if spec.precision is Precision.BFLOAT16 and spec.device is not Device.CUDA:
        yield Violation("precision", "is bfloat16, which runs on cuda only; use float32")


def _late_epoch_violations(spec: JobSpec) -> Iterator[Violation]:
    if spec.late_epoch is None:
        return
    yield from between("late_epoch", spec.late_epoch, max(1, spec.epochs - 1), 10_000)
    if spec.epochs < 2:  # PyTorch's optimizers have no count before their first step
        yield Violation("late_epoch", "needs at least 2 epochs; take one more")


def _tolerance_violations(tolerance: Tolerance) -> Iterator[Violation]:
    usual = Tolerance()
    for name in ("losses", "gradient_norms", "weights", "logits"):
        # What matters least, data normalised in float32, is off by 6e-8.
        yield from _above_zero(f"tolerance.{name}", getattr(tolerance, name), 1e-8)
        if getattr(tolerance, name) > getattr(usual, name) and not tolerance.reason:
            yield Violation(
                "tolerance.reason",
                f"is not set; tolerance.{name} is above {getattr(usual, name):g}: say what was "
                "measured",
            )


def layer_field(layer: Layer) -> str:
    """What the layer's case is called in the proto: ``max_pool2d``."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", type(layer).__name__).lower()


def _layer_violations(field: str, layer: Layer) -> Iterator[Violation]:
    match layer:
        case Flatten() | Activation():
            pass
        case Dense():
            yield from between(f"{field}.units", layer.units, 1, 1_000_000)
            yield from _initializers_violations(field, layer)
        case CustomDense(units, stddev):
            yield from between(f"{field}.units", units, 1, 1_000_000)
            yield from _above_zero(f"{field}.stddev", stddev, 1_000)
        case Conv2d():
            yield from between(f"{field}.filters", layer.filters, 1, 100_000)
            yield from between(f"{field}.padding", layer.padding, 0, 4096)
            yield from _window_violations(field, layer)
            yield from _initializers_violations(field, layer)
        case MaxPool2d() | AveragePool2d():
            yield from _window_violations(field, layer)
        case BatchNorm(momentum, epsilon):
            yield from _fraction(f"{field}.momentum", momentum)
            yield from _above_zero(f"{field}.epsilon", epsilon, 1)
        case Dropout(rate):
            yield from _fraction(f"{field}.rate", rate)
        case _:
            assert_never(layer)


def _window_violations(
    field: str, layer: Conv2d | MaxPool2d | AveragePool2d
) -> Iterator[Violation]:
    yield from between(f"{field}.size", layer.size, 1, 4096)
    yield from between(f"{field}.stride", layer.stride, 1, 4096)


def _initializers_violations(field: str, layer: Dense | Conv2d) -> Iterator[Violation]:
    yield from _initializer_violations(f"{field}.kernel_initializer", layer.kernel_initializer)
    yield from _initializer_violations(f"{field}.bias_initializer", layer.bias_initializer)


def _optimizer_violations(optimizer: Optimizer) -> Iterator[Violation]:
    yield from _above_zero("optimizer.learning_rate", optimizer.learning_rate, 1_000)
    match optimizer.kind:
        case Sgd(momentum):
            yield from _fraction("optimizer.sgd.momentum", momentum)
        case Adam() | AdamW() as adam:
            field = f"optimizer.{type(adam).__name__.lower()}"
            yield from _fraction(f"{field}.beta_1", adam.beta_1)
            yield from _fraction(f"{field}.beta_2", adam.beta_2)
            yield from _above_zero(f"{field}.epsilon", adam.epsilon, 1)
            if isinstance(adam, AdamW):
                yield from between(f"{field}.weight_decay", adam.weight_decay, 0, 100)
        case _:
            assert_never(optimizer.kind)


def _dataset_violations(dataset: Dataset) -> Iterator[Violation]:
    yield from between("dataset.normalization.mean", dataset.normalization.mean, -1_000, 1_000)
    # A smaller one would make pixels that float32 cannot hold.
    yield from between("dataset.normalization.std", dataset.normalization.std, 1e-6, 1_000)
    yield from _fraction("dataset.validation_fraction", dataset.validation_fraction)
    if dataset.name == "synthetic":
        made = dataset.synthetic
        yield from between("dataset.synthetic.train_samples", made.train_samples, 1, 10_000_000)
        yield from between("dataset.synthetic.test_samples", made.test_samples, 1, 10_000_000)
        yield from between("dataset.synthetic.height", made.height, 1, 4096)
        yield from between("dataset.synthetic.width", made.width, 1, 4096)
        yield from between("dataset.synthetic.channels", made.channels, 1, 64)
        yield from between("dataset.synthetic.classes", made.classes, 2, 10_000)


def _augmentation_violations(augmentation: Augmentation) -> Iterator[Violation]:
    yield from between("augmentation.flip", augmentation.flip, 0, 1)
    yield from between("augmentation.rotation_degrees", augmentation.rotation_degrees, 0, 180)
    yield from between("augmentation.width_shift", augmentation.width_shift, 0, 1)
    yield from between("augmentation.height_shift", augmentation.height_shift, 0, 1)
    yield from _fraction("augmentation.zoom", augmentation.zoom)


def _initializer_violations(field: str, initializer: Initializer) -> Iterator[Violation]:
    match initializer:
        case Normal(stddev):
            yield from _above_zero(f"{field}.normal.stddev", stddev, 1_000)
        case VarianceScaling(scale=scale):
            yield from _above_zero(f"{field}.variance_scaling.scale", scale, 1_000)
        case Zeros():
            pass
        case _:
            assert_never(initializer)
