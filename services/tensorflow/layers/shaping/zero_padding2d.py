"""ZeroPadding2d: zeros around an image."""

import tensorflow as tf
from twinrun.contract.layers import ZeroPadding2d

from services.model.layers.window import sides
from services.tensorflow.layers.given import Given


def computed(layer: ZeroPadding2d, x: tf.Tensor, _: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    above, below, left, right = sides(layer)
    return tf.pad(x, [[0, 0], [above, below], [left, right], [0, 0]])
