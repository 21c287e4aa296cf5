"""The output shape and the parameters of each kind of layer. A module for each, by family."""

from collections.abc import Mapping
from typing import Protocol, TypeVar, cast

from twinrun.contract.layers import Leaf

from services.model.kinds import modules
from services.model.layers.parameter import Parameter, Shape

L_contra = TypeVar("L_contra", contravariant=True)


class Kind(Protocol[L_contra]):
    """A module of this folder, for the layers of one class."""

    def output_shape(self, layer: L_contra, shape: Shape, /) -> Shape:
        """Return the output shape of ``layer`` for a sample of ``shape``.

        Raises ValueError if it does not accept the shape.
        """

    def parameters(self, layer: L_contra, name: str, shape: Shape, /) -> list[Parameter]:
        """Return the parameters of the layer ``name``, in model order, for samples of ``shape``."""

    def multiplications(self, layer: L_contra, shape: Shape, /) -> int:
        """Return the number of multiplications for the output of one sample of ``shape``."""


# Each module takes the one class under which it is found.
KINDS = cast("Mapping[type[Leaf], Kind[Leaf]]", modules(__name__))
