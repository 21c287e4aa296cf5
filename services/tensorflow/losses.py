"""The losses of job.proto, for logits [batch, classes] and labels [batch]."""

from collections.abc import Callable
from typing import assert_never

import keras
import tensorflow as tf
from twinrun.contract.enums import Loss, OwnWay
from twinrun.contract.spec import JobSpec

LossFunction = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def mean(spec: JobSpec) -> LossFunction:
    """Return the function of a batch's loss: the mean over its samples."""
    match spec.loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            return _from_probabilities if OwnWay.LOSS in spec.own_ways else _from_logits
        case _:
            assert_never(spec.loss)


def each(spec: JobSpec) -> LossFunction:
    """Return the function of each sample's loss, [batch]; own ways do not change it."""
    match spec.loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            return _cross_entropies
        case _:
            assert_never(spec.loss)


def idiomatic(spec: JobSpec) -> keras.losses.Loss:
    """Return Keras's loss of a batch, for labels [batch] and logits [batch, classes]."""
    match spec.loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        case _:
            assert_never(spec.loss)


def _cross_entropies(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def _from_logits(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(_cross_entropies(logits, labels))


def _from_probabilities(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Compute the loss of a model that ends in softmax: in a graph, Keras finds its logits."""
    losses = keras.losses.sparse_categorical_crossentropy(labels, tf.nn.softmax(logits))
    return tf.reduce_mean(losses)
