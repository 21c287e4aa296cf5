"""What each kind of layer makes of a shape, and which parameters it has. A module for each kind."""

from collections.abc import Mapping
from typing import Never, Protocol, TypeVar, cast, get_args

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
from services.model.layers import (
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
from services.model.layers.parameter import Parameter, Shape

L_contra = TypeVar("L_contra", contravariant=True)


class Kind(Protocol[L_contra]):
    """A module of this folder, of the layers of one class."""

    def output_shape(self, layer: L_contra, shape: Shape, /) -> Shape:
        """Return what ``layer`` makes of a sample of ``shape``.

        Raises ValueError where it cannot.
        """

    def parameters(self, layer: L_contra, name: str, shape: Shape, /) -> list[Parameter]:
        """Return the parameters of the layer ``name``, in model order, for samples of ``shape``."""

    def multiplications(self, layer: L_contra, shape: Shape, /) -> int:
        """Return how many multiplications its output takes for one sample of ``shape``."""


_MODULES: dict[type[Layer], Kind[Never]] = {
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
# Each module takes the one class under which it is found.
KINDS = cast(
    "Mapping[type[Layer], Kind[Layer]]",
    complete("services/model/layers", get_args(Layer), _MODULES),
)
