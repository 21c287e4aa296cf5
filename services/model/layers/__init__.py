"""What each kind of layer makes of a shape, and which parameters it has. A module for each kind."""

from collections.abc import Mapping
from typing import Protocol, TypeVar, cast

from twinrun.contract.layers import Layer

from services.model.kinds import modules
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


# Each module takes the one class under which it is found.
KINDS = cast("Mapping[type[Layer], Kind[Layer]]", modules(__name__))
