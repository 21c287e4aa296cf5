"""Batch norm by the formula of job.proto, for [batch, ..., channels]."""

from collections.abc import Callable, Sequence
from typing import assert_never

import tensorflow as tf
from twinrun.contract.layers import BatchNorm, Layer
from twinrun.contract.nesting import leaves

from services.tensorflow.layers.given import Evaluating, Given, Mean, Training

Normalised = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


def computed(layer: BatchNorm, x: tf.Tensor, given: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    gamma, beta = next(given.trained), next(given.trained)
    match given:
        case Training():
            normalised, *found = by_batch(
                *(layer, x, gamma, beta), compiled=given.compiled, shared=given.mean
            )
            given.statistics.extend(found)
            return normalised
        case Evaluating():
            moving = next(given.kept), next(given.kept)
            return by_moving(layer, x, gamma, beta, moving=moving)
        case _:
            assert_never(given)


def keep(
    layers: Sequence[Layer], kept: Sequence[tf.Variable], statistics: Sequence[tf.Tensor]
) -> None:
    """Move the ``kept`` statistics of all ``layers`` towards a batch's ``statistics``, in place."""
    norms = [layer for layer in leaves(layers) if isinstance(layer, BatchNorm)]
    momenta = [norm.momentum for norm in norms for _ in range(2)]
    for moving, batch, momentum in zip(kept, statistics, momenta, strict=True):
        moving.assign(momentum * moving + (1 - momentum) * batch)


def by_batch(
    layer: BatchNorm,
    x: tf.Tensor,
    gamma: tf.Variable,
    beta: tf.Variable,
    *,
    compiled: bool,
    shared: Mean | None = None,
) -> Normalised:
    """Normalise by the batch's mean and biased variance [channels], and return those, too.

    It uses TensorFlow's kernel where that is fastest: for images in float32, and not with XLA,
    where the kernel takes three times as long as plain operations and gives a less precise
    variance. ``shared``: where several devices share the batch.
    """
    if shared is not None:
        return _by_all(layer, x, gamma, beta, shared)
    if x.shape.rank == 4 and x.dtype == tf.float32 and not compiled:
        return _kernel(layer, x, gamma, beta)
    trained = (tf.convert_to_tensor(variable) for variable in (gamma, beta))
    normalised, mean, variance = _plainly(layer.epsilon)(x, *trained)
    return normalised, mean, variance


def by_moving(
    layer: BatchNorm,
    x: tf.Tensor,
    gamma: tf.Variable,
    beta: tf.Variable,
    *,
    moving: tuple[tf.Variable, tf.Variable],
) -> tf.Tensor:
    """Normalise by the given mean and variance [channels]."""
    mean, variance = moving
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, layer.epsilon)


def _kernel(layer: BatchNorm, x: tf.Tensor, gamma: tf.Variable, beta: tf.Variable) -> Normalised:
    nothing = tf.zeros([0], x.dtype)
    normalised, mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=gamma,
        offset=beta,
        mean=nothing,
        variance=nothing,
        epsilon=layer.epsilon,
        is_training=True,
    )
    values = tf.cast(tf.size(x) // x.shape[-1], x.dtype)  # of a channel
    return normalised, mean, unbiased * ((values - 1) / values)


def _by_all(
    layer: BatchNorm, x: tf.Tensor, gamma: tf.Variable, beta: tf.Variable, shared: Mean
) -> Normalised:
    """Normalise by the statistics of all devices' samples; so is the gradient derived."""
    mean = shared(_mean(x))
    centred = x - mean
    variance = shared(_mean(tf.square(centred)))
    normalised = centred * tf.math.rsqrt(variance + layer.epsilon) * gamma + beta
    return normalised, mean, variance


def _plainly(epsilon: float) -> Callable[..., Normalised]:
    """Return the normalisation with its gradient written out: the derived one is slower."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def normalise(
        x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor
    ) -> tuple[Normalised, Callable[..., tuple[tf.Tensor, tf.Tensor, tf.Tensor]]]:
        mean = _mean(x)
        centred = x - mean
        variance = _mean(tf.square(centred))
        scale = tf.math.rsqrt(variance + epsilon)
        standard = centred * scale

        def gradients(g: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            values = tf.cast(tf.size(x) // x.shape[-1], x.dtype)  # of a channel
            of_beta, of_gamma = _mean(g), _mean(g * standard)
            of_x = gamma * scale * (g - of_beta - standard * of_gamma)
            return of_x, of_gamma * values, of_beta * values

        return (standard * gamma + beta, mean, variance), gradients

    plainly: Callable[..., Normalised] = normalise
    return plainly


def _mean(x: tf.Tensor) -> tf.Tensor:
    """Return the mean of each channel, over one axis after the other.

    A long sum that adds one value after the other makes the same rounding error again and again if
    values are alike, as in an image's background; this cost float64 three digits.
    """
    for axis in reversed(range(x.shape.rank - 1)):
        x = tf.reduce_mean(x, axis)
    return x
