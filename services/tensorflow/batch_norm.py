"""Batch norm by the formula of job.proto, of images [batch, h, w, c] and of [batch, n]."""

from collections.abc import Callable

import tensorflow as tf

from services.spec import BatchNorm

Normalised = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


def by_batch(
    layer: BatchNorm, x: tf.Tensor, gamma: tf.Variable, beta: tf.Variable, *, compiled: bool
) -> Normalised:
    """Normalised by the batch's own mean and biased variance [channels], which come with it.

    By TensorFlow's kernel where that is the fastest: of images in float32, and not by XLA, which
    takes three times as long over it as over plain operations, and finds a less precise variance.
    """
    if x.shape.rank == 4 and x.dtype == tf.float32 and not compiled:
        return _kernel(layer, x, gamma, beta)
    normalise = _plainly(layer.epsilon)
    flat = tf.reshape(x, (-1, x.shape[-1]))
    trained = (tf.convert_to_tensor(variable) for variable in (gamma, beta))
    normalised, mean, variance = normalise(flat, *trained)
    return tf.reshape(normalised, tf.shape(x)), mean, variance


def by_moving(
    layer: BatchNorm,
    x: tf.Tensor,
    gamma: tf.Variable,
    beta: tf.Variable,
    *,
    moving: tuple[tf.Variable, tf.Variable],
) -> tf.Tensor:
    """Normalised by a mean and a variance [channels] that are given."""
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


def _plainly(epsilon: float) -> Callable[..., Normalised]:
    """Of [values, channels]. The gradient is written out: what TensorFlow derives takes longer."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def normalise(
        x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor
    ) -> tuple[Normalised, Callable[..., tuple[tf.Tensor, tf.Tensor, tf.Tensor]]]:
        mean = tf.reduce_mean(x, 0)
        centred = x - mean
        variance = tf.reduce_mean(tf.square(centred), 0)
        scale = tf.math.rsqrt(variance + epsilon)
        standard = centred * scale

        def gradients(g: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            of_beta = tf.reduce_sum(g, 0)
            of_gamma = tf.reduce_sum(g * standard, 0)
            values = tf.cast(tf.shape(x)[0], x.dtype)
            of_x = gamma * scale * (g - of_beta / values - standard * (of_gamma / values))
            return of_x, of_gamma, of_beta

        return (standard * gamma + beta, mean, variance), gradients

    plainly: Callable[..., Normalised] = normalise
    return plainly
