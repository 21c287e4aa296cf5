"""The layers that users of Keras write, on any of its backends. A module for each kind."""

from collections.abc import Mapping
from typing import Protocol, TypeVar, cast

import keras
from twinrun.contract.layers import Leaf

from services.model.kinds import modules

L_contra = TypeVar("L_contra", contravariant=True)


class Kind(Protocol[L_contra]):
    """A module of this folder, for the layers of one class."""

    def idiomatic(self, layer: L_contra, dtype: str, /) -> list[keras.layers.Layer]:
        """Return the layers that users of Keras would create, with a dtype policy's name.

        The last one is the layer itself; those before it have no weights. Initial weights, and a
        norm's numbers that the job leaves to their defaults, are Keras's.
        """


# Each module accepts the class under which it is registered.
KINDS = cast("Mapping[type[Leaf], Kind[Leaf]]", modules(__name__))
