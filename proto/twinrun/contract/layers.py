"""The kinds of layers, with their defaults, as in job.proto."""

import re
from dataclasses import dataclass

from twinrun.contract.enums import ActivationFunction, Interpolation
from twinrun.contract.initializers import Initializer, Normal, VarianceScaling, Zeros


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
    slope: float | None = None

    def __post_init__(self) -> None:
        """Fill in the slope, which leaky_relu alone has."""
        if self.function is ActivationFunction.LEAKY_RELU and self.slope is None:
            object.__setattr__(self, "slope", 0.01)


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
    size_2d: tuple[int, ...] = ()
    stride_2d: tuple[int, ...] = ()
    padding_2d: tuple[int, ...] = ()
    same: bool = False
    dilation: int = 1
    groups: int = 1


@dataclass(frozen=True, slots=True)
class Conv1d:
    filters: int
    size: int = 3
    stride: int = 1
    padding: int = 0
    kernel_initializer: Initializer = VarianceScaling()
    bias_initializer: Initializer = Zeros()
    use_bias: bool = True
    padding_1d: tuple[int, ...] = ()
    same: bool = False
    dilation: int = 1
    groups: int = 1


@dataclass(frozen=True, slots=True)
class Conv2dTranspose:
    filters: int
    size: int = 3
    stride: int = 1
    padding: int = 0
    kernel_initializer: Initializer = VarianceScaling()
    bias_initializer: Initializer = Zeros()
    use_bias: bool = True
    size_2d: tuple[int, ...] = ()
    stride_2d: tuple[int, ...] = ()
    same: bool = False
    output_padding: int = 0


@dataclass(frozen=True, slots=True)
class MaxPool2d:
    size: int = 2
    stride: int = 2


@dataclass(frozen=True, slots=True)
class AveragePool2d:
    size: int = 2
    stride: int = 2


@dataclass(frozen=True, slots=True)
class GlobalAveragePool2d:
    pass


@dataclass(frozen=True, slots=True)
class GlobalMaxPool2d:
    pass


@dataclass(frozen=True, slots=True)
class ZeroPadding2d:
    padding: int = 1
    padding_2d: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class UpSampling2d:
    factor: int = 2
    interpolation: Interpolation = Interpolation.NEAREST


@dataclass(frozen=True, slots=True)
class BatchNorm:
    momentum: float = 0.9
    epsilon: float = 1e-5


@dataclass(frozen=True, slots=True)
class LayerNorm:
    epsilon: float = 1e-5


@dataclass(frozen=True, slots=True)
class RmsNorm:
    epsilon: float = 1e-6


@dataclass(frozen=True, slots=True)
class GroupNorm:
    groups: int
    epsilon: float = 1e-5


@dataclass(frozen=True, slots=True)
class Dropout:
    rate: float


@dataclass(frozen=True, slots=True)
class SpatialDropout2d:
    rate: float


@dataclass(frozen=True, slots=True)
class Embedding:
    codes: int
    width: int
    table_initializer: Initializer = Normal(0.05)
    padding: int | None = None


@dataclass(frozen=True, slots=True)
class Lstm:
    units: int
    kernel_initializer: Initializer = VarianceScaling()
    recurrent_initializer: Initializer = VarianceScaling()
    bias_initializer: Initializer = Zeros()


@dataclass(frozen=True, slots=True)
class Gru:
    units: int
    kernel_initializer: Initializer = VarianceScaling()
    recurrent_initializer: Initializer = VarianceScaling()
    bias_initializer: Initializer = Zeros()
    reset_after: bool = True


@dataclass(frozen=True, slots=True)
class Bidirectional:
    kind: Lstm | Gru


@dataclass(frozen=True, slots=True)
class GlobalAveragePool1d:
    pass


@dataclass(frozen=True, slots=True)
class GlobalMaxPool1d:
    pass


@dataclass(frozen=True, slots=True)
class ToSequence:
    pass


@dataclass(frozen=True, slots=True)
class LastStep:
    pass


@dataclass(frozen=True, slots=True)
class PositionEmbedding:
    table_initializer: Initializer = Normal(0.05)


@dataclass(frozen=True, slots=True)
class SinusoidalPositions:
    pass


@dataclass(frozen=True, slots=True)
class MultiHeadAttention:
    heads: int
    causal: bool = False
    use_bias: bool = True
    kernel_initializer: Initializer = VarianceScaling()
    bias_initializer: Initializer = Zeros()
    dropout: float = 0.0


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
    | LayerNorm
    | RmsNorm
    | GroupNorm
    | GlobalAveragePool2d
    | GlobalMaxPool2d
    | ZeroPadding2d
    | UpSampling2d
    | Conv1d
    | Conv2dTranspose
    | SpatialDropout2d
    | Dropout
    | Embedding
    | Lstm
    | Gru
    | LastStep
    | PositionEmbedding
    | MultiHeadAttention
    | Bidirectional
    | GlobalAveragePool1d
    | GlobalMaxPool1d
    | SinusoidalPositions
    | ToSequence
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
