"""Dropout: in training, values become 0 as drawn by NumPy."""

from typing import assert_never

import tensorflow as tf
from twinrun.contract.layers import Dropout, SpatialDropout2d

from services.model.dropout import scale
from services.tensorflow.layers.given import Evaluating, Given, Training


def computed(layer: Dropout | SpatialDropout2d, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    match given:
        case Training():
            return x * (tf.cast(next(given.drawn), x.dtype) * scale(layer.rate))
        case Evaluating():
            return x
        case _:
            assert_never(given)
