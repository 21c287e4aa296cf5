"""Each kind of layer in plain NumPy, float64: a module for each, forward and backward."""

from typing import get_args

from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    CustomDense,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
)

from services.model.kinds import complete
from tests.frameworks.layers import (
    activation,
    average_pool2d,
    batch_norm,
    conv2d,
    custom_dense,
    dense,
    dropout,
    flatten,
    max_pool2d,
)

_MODULES: dict = {
    Flatten: flatten,
    Dense: dense,
    Activation: activation,
    CustomDense: custom_dense,
    Conv2d: conv2d,
    MaxPool2d: max_pool2d,
    AveragePool2d: average_pool2d,
    BatchNorm: batch_norm,
    Dropout: dropout,
}
KINDS = complete("tests/frameworks/layers", get_args(Layer), _MODULES)
