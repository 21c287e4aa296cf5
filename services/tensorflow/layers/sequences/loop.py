"""A loop over the positions of a sequence."""

from collections.abc import Callable, Sequence

import tensorflow as tf

# What a position takes, and the states [batch, units] before it, become those after it.
Step = Callable[..., Sequence[tf.Tensor]]


def outputs(
    taken: tf.Tensor, step: Step, states: int, units: int, counted: tf.Tensor | None
) -> tf.Tensor:
    """Return the first state after each position of ``taken``, [batch, time, units].

    The ``states`` are 0 at first, and stay as they are where ``counted`` [batch, time] is False.
    """
    own, time = taken.dtype, taken.shape[1]
    # A slice's gradient would be as large as all positions, at each of them.
    given_at = tf.TensorArray(own, time).unstack(tf.transpose(taken, [1, 0, 2]))
    counts_at = None
    if counted is not None:
        counts_at = tf.TensorArray(tf.bool, time).unstack(tf.transpose(counted)[..., None])
    start = tf.zeros([tf.shape(taken)[0], units], own)

    def one(
        t: tf.Tensor, made: tf.TensorArray, *before: tf.Tensor
    ) -> tuple[tf.Tensor, tf.TensorArray, *tuple[tf.Tensor, ...]]:
        after = step(given_at.read(t), *before)
        if counts_at is not None:
            counts = counts_at.read(t)
            after = [tf.where(counts, *pair) for pair in zip(after, before, strict=True)]
        return (t + 1, made.write(t, after[0]), *after)

    made = tf.TensorArray(own, time, element_shape=[None, units])
    begin = tf.constant(0), made, *[start] * states
    _, made, *_ = tf.while_loop(lambda t, *_: t < time, one, begin, maximum_iterations=time)
    return tf.transpose(made.stack(), [1, 0, 2])


def product(x: tf.Tensor, kernel: tf.Tensor, products: tf.DType) -> tf.Tensor:
    """Return ``x`` [..., in] times ``kernel`` [in, out], a product of the dtype ``products``."""
    found = tf.tensordot(tf.cast(x, products), tf.cast(kernel, products), 1)
    return tf.cast(found, kernel.dtype)
