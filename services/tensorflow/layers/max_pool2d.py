"""MaxPool2d: of each window of an image the largest value of each channel."""

import keras
import tensorflow as tf
from twinrun.contract.layers import MaxPool2d

from services.tensorflow.layers.given import Given


def computed(layer: MaxPool2d, x: tf.Tensor, _: Given) -> tf.Tensor:
    """As `services.tensorflow.layers.Kind`."""
    return tf.nn.max_pool2d(x, layer.size, layer.stride, "VALID")


def idiomatic(layer: MaxPool2d, dtype: str) -> list[keras.layers.Layer]:
    """As `services.tensorflow.layers.Kind`."""
    return [keras.layers.MaxPooling2D(layer.size, layer.stride, dtype=dtype)]
