"""What TensorFlow computes of each kind of layer, and Keras's own. A module for each kind."""

from collections.abc import Mapping
from typing import Never, Protocol, TypeVar, cast, get_args

import keras
import tensorflow as tf
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
from services.tensorflow.layers import (
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
from services.tensorflow.layers.given import Given

L_contra = TypeVar("L_contra", contravariant=True)


class Kind(Protocol[L_contra]):
    """A module of this folder, of the layers of one class."""

    def computed(self, layer: L_contra, x: tf.Tensor, given: Given, /) -> tf.Tensor:
        """Return what a matched job computes of ``x`` [batch, ...]; images are [batch, h, w, c]."""

    def idiomatic(self, layer: L_contra, dtype: str, /) -> list[keras.layers.Layer]:
        """Return the layers that users of Keras make, with a dtype policy's name.

        The last is the layer itself; what goes before it has no values. Initial
        values, and a batch norm's momentum and epsilon, are left to Keras.
        """


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
    complete("services/tensorflow/layers", get_args(Layer), _MODULES),
)
