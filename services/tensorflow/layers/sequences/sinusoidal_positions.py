"""SinusoidalPositions: sines and cosines of the position are added."""

import tensorflow as tf
from twinrun.contract.layers import SinusoidalPositions

from services.model.waves import table
from services.tensorflow.layers.given import Given


def computed(_: SinusoidalPositions, x: tf.Tensor, __: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return _added(x)


def _added(x: tf.Tensor) -> tf.Tensor:
    time, width = x.shape[1:]
    return x + tf.constant(table(time, width), x.dtype)
