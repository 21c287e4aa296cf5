"""Bidirectional: two recurrent layers, one of which reads the sequence from its end."""

from dataclasses import replace
from typing import assert_never

import tensorflow as tf
from twinrun.contract.layers import Bidirectional, Gru, Lstm

from services.tensorflow.layers.given import Given
from services.tensorflow.layers.sequences import gru, lstm


def computed(layer: Bidirectional, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    ahead = _one_way(layer.kind, x, given)
    if given.counted is not None:
        given = replace(given, counted=tf.reverse(given.counted, [1]))
    back = tf.reverse(_one_way(layer.kind, tf.reverse(x, [1]), given), [1])
    return tf.concat([ahead, back], -1)


def _one_way(kind: Lstm | Gru, x: tf.Tensor, given: Given) -> tf.Tensor:
    match kind:
        case Lstm():
            return lstm.computed(kind, x, given)
        case Gru():
            return gru.computed(kind, x, given)
        case _:
            assert_never(kind)
