"""The losses of job.proto, for logits [batch, outputs], of tokens [batch, time, outputs].

Those of pixels have [h, w] for the time, and so have their targets.
Targets are whole numbers [batch] of classes, [batch, time] of tokens, or [batch, outputs] in the
logits' precision.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import assert_never

import keras
import tensorflow as tf
from twinrun.contract.enums import ClassWeightsDivisor, OwnWay, TargetKind
from twinrun.contract.losses import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    NextTokenCrossEntropy,
    PixelCrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    ignored,
    targets,
)
from twinrun.contract.spec import JobSpec

LossFunction = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def mean(spec: JobSpec) -> LossFunction:
    """Return the function of a batch's loss: the mean over its samples."""
    match spec.loss:
        case SoftmaxCrossEntropy() if OwnWay.LOSS in spec.own_ways:
            return _from_probabilities
        case SoftmaxCrossEntropy(class_weights=weights) as loss if weights:
            return partial(_weighted_mean, loss)
        case NextTokenCrossEntropy(int(left_out)) | PixelCrossEntropy(int(left_out)):
            return partial(_counted_mean, left_out)
        case (
            SoftmaxCrossEntropy()
            | SigmoidCrossEntropy()
            | MeanSquaredError()
            | MeanAbsoluteError()
            | Huber()
            | NextTokenCrossEntropy()
            | PixelCrossEntropy()
        ):
            losses = each(spec)
            return lambda logits, values: tf.reduce_mean(losses(logits, values))
        case _:
            assert_never(spec.loss)


def each(spec: JobSpec) -> LossFunction:
    """Return the function of each sample's loss, [batch]; own ways do not change it."""
    match spec.loss:
        case SoftmaxCrossEntropy() as loss:
            return partial(_cross_entropies, loss)
        case SigmoidCrossEntropy(weight):
            return partial(_sigmoid_cross_entropies, weight)
        case MeanSquaredError():
            return lambda logits, values: tf.reduce_mean(tf.square(logits - values), 1)
        case MeanAbsoluteError():
            return lambda logits, values: tf.reduce_mean(tf.abs(logits - values), 1)
        case Huber(delta):
            return partial(_hubers, delta)
        case NextTokenCrossEntropy(left_out) | PixelCrossEntropy(left_out):
            return partial(_of_positions, left_out)
        case _:
            assert_never(spec.loss)


def accuracy(spec: JobSpec) -> LossFunction:
    """Return the function of a batch's accuracy, 0 to 1; of numbers it is 0, and tells nothing."""
    match targets(spec.loss):
        case TargetKind.CLASS:
            return lambda logits, values: _share(
                tf.argmax(logits, 1, values.dtype) == values, logits.dtype
            )
        case TargetKind.TOKENS:
            return partial(_right_positions, ignored(spec.loss))
        case TargetKind.FLAGS:
            return lambda logits, values: _share((logits > 0) == (values > 0), logits.dtype)
        case TargetKind.NUMBERS:
            return lambda logits, _: tf.zeros((), logits.dtype)
        case unknown:
            assert_never(unknown)


def _share(right: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(right, dtype))


def _cross_entropies(loss: SoftmaxCrossEntropy, logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    if loss.label_smoothing:
        uniform = -tf.reduce_mean(tf.nn.log_softmax(logits), 1)
        losses = (1 - loss.label_smoothing) * losses + loss.label_smoothing * uniform
    return losses * _weights(loss, logits, labels) if loss.class_weights else losses


def _of_positions(left_out: int | None, logits: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits)
    axes = range(1, len(losses.shape))
    if left_out is None:
        return tf.reduce_mean(losses, axes)
    return _mean_of_counted(losses, classes != left_out, axes)


def _counted_mean(left_out: int, logits: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits)
    return _mean_of_counted(losses, classes != left_out)


def _right_positions(left_out: int | None, logits: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    right = tf.argmax(logits, -1, classes.dtype) == classes
    if left_out is None:
        return _share(right, logits.dtype)
    return _mean_of_counted(tf.cast(right, logits.dtype), classes != left_out)


def _mean_of_counted(
    values: tf.Tensor, counted: tf.Tensor, axes: Sequence[int] | None = None
) -> tf.Tensor:
    """Return the mean over ``axes``, or over all, of the values that count; 0 if none does."""
    shares = tf.cast(counted, values.dtype)
    return tf.reduce_sum(values * shares, axes) / tf.maximum(tf.reduce_sum(shares, axes), 1)


def _weights(loss: SoftmaxCrossEntropy, logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Return the weight of each sample, [batch]."""
    return tf.gather(tf.constant(loss.class_weights, logits.dtype), labels)


def _weighted_mean(loss: SoftmaxCrossEntropy, logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    losses = _cross_entropies(loss, logits, labels)
    match loss.class_weights_divisor:
        case ClassWeightsDivisor.WEIGHTS:
            return tf.reduce_sum(losses) / tf.reduce_sum(_weights(loss, logits, labels))
        case ClassWeightsDivisor.SAMPLES:
            return tf.reduce_mean(losses)
        case _:
            assert_never(loss.class_weights_divisor)


def _from_probabilities(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Compute the loss of a model that ends in softmax: in a graph, Keras finds its logits."""
    losses = keras.losses.sparse_categorical_crossentropy(labels, tf.nn.softmax(logits))
    return tf.reduce_mean(losses)


def _sigmoid_cross_entropies(weight: float, logits: tf.Tensor, flags: tf.Tensor) -> tf.Tensor:
    # The slope of weighted_cross_entropy_with_logits cancels where the model is sure and right:
    # nothing but rounding would be left of it. Here each part keeps its digits.
    of_one, of_zero = tf.math.log_sigmoid(logits), tf.math.log_sigmoid(-logits)
    return -tf.reduce_mean(weight * flags * of_one + (1 - flags) * of_zero, 1)


def _hubers(delta: float, logits: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    error = logits - values
    size = tf.abs(error)
    inside, outside = error * error / 2, delta * (size - delta / 2)
    return tf.reduce_mean(tf.where(size <= delta, inside, outside), 1)
