"""PositionEmbedding: each position's row of a table is added."""

import tensorflow as tf
from twinrun.contract.layers import PositionEmbedding

from services.tensorflow.layers.given import Given


def computed(_: PositionEmbedding, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return x + next(given.trained)
