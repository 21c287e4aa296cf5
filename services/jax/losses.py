"""The losses of job.proto, for logits [batch, outputs], of tokens [batch, time, outputs].

Those of pixels have [h, w] for the time, and so have their targets.
Targets are int64[batch] of classes, int64[batch, time] of tokens, or [batch, outputs] in the
logits' precision.
"""

from collections.abc import Callable
from functools import partial
from typing import assert_never

import jax
import jax.numpy as jnp
from jax import nn
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

LossFunction = Callable[[jax.Array, jax.Array], jax.Array]


def mean(spec: JobSpec) -> LossFunction:
    """Return the function of a batch's loss: the mean over its samples."""
    match spec.loss:
        case SoftmaxCrossEntropy() if OwnWay.LOSS in spec.own_ways:
            return _softmax_twice
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
            return lambda logits, values: losses(logits, values).mean()
        case _:
            assert_never(spec.loss)


def each(spec: JobSpec) -> LossFunction:
    """Return the function of each sample's loss, [batch]."""
    match spec.loss:
        case SoftmaxCrossEntropy() as loss:
            return partial(_cross_entropies, loss)
        case SigmoidCrossEntropy(weight):
            return partial(_sigmoid_cross_entropies, weight)
        case MeanSquaredError():
            return lambda logits, values: jnp.square(logits - values).mean(1)
        case MeanAbsoluteError():
            return lambda logits, values: jnp.abs(logits - values).mean(1)
        case Huber(delta):
            return partial(_hubers, delta)
        case NextTokenCrossEntropy(left_out) | PixelCrossEntropy(left_out):
            return partial(_of_positions, left_out)
        case _:
            assert_never(spec.loss)


def idiomatic(spec: JobSpec) -> LossFunction:
    """Return what users of JAX write for a batch's loss: Optax's where it has one."""
    import optax  # noqa: PLC0415 - takes half as long as JAX, and a matched job does without

    match spec.loss:
        case SoftmaxCrossEntropy(0, ()):
            of_classes = optax.softmax_cross_entropy_with_integer_labels
            return lambda logits, classes: of_classes(logits, classes).mean()
        case SoftmaxCrossEntropy(smoothing, ()):
            return lambda logits, classes: optax.softmax_cross_entropy(
                logits, optax.smooth_labels(nn.one_hot(classes, logits.shape[-1]), smoothing)
            ).mean()
        case SigmoidCrossEntropy(1):
            of_flags = optax.sigmoid_binary_cross_entropy
            return lambda logits, flags: of_flags(logits, flags).mean()
        case MeanSquaredError():
            return lambda found, values: optax.squared_error(found, values).mean()
        case Huber(delta):
            return lambda found, values: optax.huber_loss(found, values, delta=delta).mean()
        case (
            SoftmaxCrossEntropy()  # of weighted classes, as of weighted flags: by hand
            | SigmoidCrossEntropy()
            | MeanAbsoluteError()
            | NextTokenCrossEntropy()
            | PixelCrossEntropy()
        ):
            return mean(spec)
        case _:
            assert_never(spec.loss)


def accuracy(spec: JobSpec) -> LossFunction:
    """Return the function of a batch's accuracy, 0 to 1; of numbers it is 0, and tells nothing."""
    match targets(spec.loss):
        case TargetKind.CLASS:
            return lambda logits, values: _share(logits.argmax(-1) == values, logits)
        case TargetKind.TOKENS:
            return partial(_right_positions, ignored(spec.loss))
        case TargetKind.FLAGS:
            return lambda logits, values: _share((logits > 0) == (values > 0), logits)
        case TargetKind.NUMBERS:
            return lambda logits, _: jnp.zeros((), logits.dtype)
        case unknown:
            assert_never(unknown)


def _share(right: jax.Array, logits: jax.Array) -> jax.Array:
    return right.astype(logits.dtype).mean()


def _softmax_twice(logits: jax.Array, classes: jax.Array) -> jax.Array:
    """Return the loss of a model that ends in softmax, of which Optax's loss takes another."""
    return _of_classes(nn.softmax(logits), classes)[0].mean()


def _of_classes(logits: jax.Array, classes: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return each one's cross entropy, and the logarithms of all probabilities."""
    logs = nn.log_softmax(logits)
    taken = jnp.take_along_axis(logs, classes[..., None], -1, mode="clip")
    return -taken[..., 0], logs


def _cross_entropies(loss: SoftmaxCrossEntropy, logits: jax.Array, labels: jax.Array) -> jax.Array:
    losses, logs = _of_classes(logits, labels)
    if loss.label_smoothing:
        losses = (1 - loss.label_smoothing) * losses - loss.label_smoothing * logs.mean(1)
    return losses * _weights(loss, logits, labels) if loss.class_weights else losses


def _of_positions(left_out: int | None, logits: jax.Array, classes: jax.Array) -> jax.Array:
    losses, _ = _of_classes(logits, classes)
    axes = tuple(range(1, losses.ndim))
    if left_out is None:
        return losses.mean(axes)
    return _mean_of_counted(losses, classes != left_out, axes)


def _counted_mean(left_out: int, logits: jax.Array, classes: jax.Array) -> jax.Array:
    losses, _ = _of_classes(logits, classes)
    return _mean_of_counted(losses, classes != left_out)


def _right_positions(left_out: int | None, logits: jax.Array, classes: jax.Array) -> jax.Array:
    right = logits.argmax(-1) == classes
    if left_out is None:
        return _share(right, logits)
    return _mean_of_counted(right.astype(logits.dtype), classes != left_out)


def _mean_of_counted(
    values: jax.Array, counted: jax.Array, axes: tuple[int, ...] | None = None
) -> jax.Array:
    """Return the mean over ``axes``, or over all, of the values that count; 0 if none does."""
    shares = counted.astype(values.dtype)
    return (values * shares).sum(axes) / jnp.maximum(shares.sum(axes), 1)


def _weights(loss: SoftmaxCrossEntropy, logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the weight of each sample, [batch]."""
    return jnp.asarray(loss.class_weights, logits.dtype).at[labels].get(mode="clip")


def _weighted_mean(loss: SoftmaxCrossEntropy, logits: jax.Array, labels: jax.Array) -> jax.Array:
    losses = _cross_entropies(loss, logits, labels)
    match loss.class_weights_divisor:
        case ClassWeightsDivisor.WEIGHTS:
            return losses.sum() / _weights(loss, logits, labels).sum()
        case ClassWeightsDivisor.SAMPLES:
            return losses.mean()
        case _:
            assert_never(loss.class_weights_divisor)


def _sigmoid_cross_entropies(weight: float, logits: jax.Array, flags: jax.Array) -> jax.Array:
    # As the other frameworks compute it: each part keeps its digits where the model is sure.
    of_one, of_zero = nn.log_sigmoid(logits), nn.log_sigmoid(-logits)
    return -(weight * flags * of_one + (1 - flags) * of_zero).mean(1)


def _hubers(delta: float, logits: jax.Array, values: jax.Array) -> jax.Array:
    error = logits - values
    size = jnp.abs(error)
    inside, outside = error * error / 2, delta * (size - delta / 2)
    return jnp.where(size <= delta, inside, outside).mean(1)
