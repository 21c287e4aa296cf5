"""MaxPool2d: the largest value of each channel in each window of an image."""

import functools
import itertools
from typing import assert_never

import tensorflow as tf
from twinrun.contract.layers import MaxPool2d

from services.tensorflow.layers.given import Evaluating, Given, Training


def computed(layer: MaxPool2d, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    match given:
        case Training() if given.compiled and layer.stride == layer.size:
            return _plainly(x, layer.size)
        case Training() | Evaluating():
            return tf.nn.max_pool2d(x, layer.size, layer.stride, "VALID")
        case _:
            assert_never(given)


def _plainly(x: tf.Tensor, size: int) -> tf.Tensor:
    """Return the maximum of each of windows that do not overlap, in plain operations.

    Their gradient goes to the first of equal values too, because that of `tf.maximum` goes to its
    first argument. XLA fuses them, and on a CPU takes a twentieth of the time of its own pooling.
    """
    _, height, width, channels = x.shape
    down, along = height // size, width // size
    inside = x[:, : down * size, : along * size]
    windows = tf.reshape(inside, [-1, down, size, along, size, channels])
    places = itertools.product(range(size), repeat=2)
    return functools.reduce(tf.maximum, [windows[:, :, i, :, j] for i, j in places])
