"""MaxPool2d: the largest value of each channel in each window of an image."""

import keras
import tensorflow as tf
from twinrun.contract.layers import MaxPool2d

from services.tensorflow.layers.given import Given


def computed(layer: MaxPool2d, x: tf.Tensor, _: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return tf.nn.max_pool2d(x, layer.size, layer.stride, "VALID")


def idiomatic(layer: MaxPool2d, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.tensorflow.layers.Kind`."""
    return [keras.layers.MaxPooling2D(layer.size, layer.stride, dtype=dtype)]
