"""What TensorFlow computes for each layer. A module for each kind."""

from collections.abc import Mapping
from typing import Protocol, TypeVar, cast

import tensorflow as tf
from twinrun.contract.layers import Leaf

from services.model.kinds import modules
from services.tensorflow.layers.given import Given

L_contra = TypeVar("L_contra", contravariant=True)


class Kind(Protocol[L_contra]):
    """A module of this folder, for the layers of one class."""

    def computed(self, layer: L_contra, x: tf.Tensor, given: Given, /) -> tf.Tensor:
        """Compute a matched job's output for ``x`` [batch, ...]; images are [batch, h, w, c]."""


# Each module accepts the class under which it is registered.
KINDS = cast("Mapping[type[Leaf], Kind[Leaf]]", modules(__name__))
