"""The kinds of layers and initial values, with their defaults, as in job.proto."""

import re
from dataclasses import dataclass

from twinrun.contract.enums import ActivationFunction, Distribution, FanMode


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


@dataclass(frozen=True, slots=True)
class Embedding:
    codes: int
    width: int
    table_initializer: Initializer = Normal(0.05)


# What computes, and may hold arrays; the other kinds hold layers.
Leaf = (
    Flatten
    | Dense
    | Activation
    | CustomDense
    | Conv2d
    | MaxPool2d
    | AveragePool2d
    | BatchNorm
    | Dropout
    | Embedding
)


@dataclass(frozen=True, slots=True)
class Residual:
    layers: "tuple[Layer, ...]"
    shortcut: "tuple[Layer, ...]" = ()


@dataclass(frozen=True, slots=True)
class Branch:
    layers: "tuple[Layer, ...]" = ()


@dataclass(frozen=True, slots=True)
class Concat:
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    times: int
    layers: "tuple[Layer, ...]"


Nest = Residual | Concat | Repeat
Layer = Leaf | Nest


def layer_field(kind: type[Layer]) -> str:
    """Return the name of the layer's case in the proto: ``max_pool2d``."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
