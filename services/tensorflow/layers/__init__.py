"""What TensorFlow computes for each layer, and Keras's own. A module for each kind."""

from collections.abc import Mapping
from typing import Protocol, TypeVar, cast

import keras
import tensorflow as tf
from twinrun.contract.layers import Leaf

from services.model.kinds import modules
from services.tensorflow.layers.given import Given

L_contra = TypeVar("L_contra", contravariant=True)


class Kind(Protocol[L_contra]):
    """A module of this folder, for the layers of one class."""

    def computed(self, layer: L_contra, x: tf.Tensor, given: Given, /) -> tf.Tensor:
        """Compute a matched job's output for ``x`` [batch, ...]; images are [batch, h, w, c]."""

    def idiomatic(self, layer: L_contra, dtype: str, /) -> list[keras.layers.Layer]:
        """Return the layers that users of Keras would create, with a dtype policy's name.

        The last one is the layer itself; those before it have no weights. Initial weights, and a
        norm's numbers that the job leaves to their defaults, are Keras's.
        """


# Each module accepts the class under which it is registered.
KINDS = cast("Mapping[type[Leaf], Kind[Leaf]]", modules(__name__))
