"""A loop over the positions of a sequence."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from services.tensorflow.layers.given import Given, Training

# What a position takes, and the states [batch, units] before it, become those after it.
Step = Callable[..., Sequence[tf.Tensor]]
# In a graph so many steps in a row, without a loop, are traced in a second, and take two thirds of
# the loop's time. XLA compiles a loop in one second, so many steps in half a minute.
_MOST_IN_A_ROW = 64


def outputs(taken: tf.Tensor, step: Step, states: int, units: int, given: Given) -> tf.Tensor:
    """Return the first state after each position of ``taken``, [batch, time, units].

    The ``states`` are 0 at first, and stay as they are where a position is padding.
    """
    start = [tf.zeros([tf.shape(taken)[0], units], taken.dtype)] * states
    in_a_row = isinstance(given, Training) and not given.compiled
    if in_a_row and taken.shape[1] <= _MOST_IN_A_ROW:
        return _in_a_row(taken, step, start, given.counted)
    return _looped(taken, step, start, given.counted)


def _in_a_row(
    taken: tf.Tensor, step: Step, states: Sequence[tf.Tensor], counted: tf.Tensor | None
) -> tf.Tensor:
    made = []
    for t, position in enumerate(tf.unstack(taken, axis=1)):
        counts = None if counted is None else counted[:, t, None]
        states = _after(step, position, states, counts)
        made.append(states[0])
    return tf.stack(made, 1)


def _looped(
    taken: tf.Tensor, step: Step, states: Sequence[tf.Tensor], counted: tf.Tensor | None
) -> tf.Tensor:
    own, time = taken.dtype, taken.shape[1]
    # A slice's gradient would be as large as all positions, at each of them.
    taken_at = tf.TensorArray(own, time).unstack(tf.transpose(taken, [1, 0, 2]))
    counts_at = None
    if counted is not None:
        counts_at = tf.TensorArray(tf.bool, time).unstack(tf.transpose(counted)[..., None])

    def one(
        t: tf.Tensor, made: tf.TensorArray, *before: tf.Tensor
    ) -> tuple[tf.Tensor, tf.TensorArray, *tuple[tf.Tensor, ...]]:
        counts = None if counts_at is None else counts_at.read(t)
        after = _after(step, taken_at.read(t), before, counts)
        return (t + 1, made.write(t, after[0]), *after)

    made = tf.TensorArray(own, time, element_shape=states[0].shape)
    begin = tf.constant(0), made, *states
    _, made, *_ = tf.while_loop(lambda t, *_: t < time, one, begin, maximum_iterations=time)
    return tf.transpose(made.stack(), [1, 0, 2])


def _after(
    step: Step, taken: tf.Tensor, before: Sequence[tf.Tensor], counts: tf.Tensor | None
) -> Sequence[tf.Tensor]:
    after = step(taken, *before)
    if counts is None:
        return after
    return [tf.where(counts, *pair) for pair in zip(after, before, strict=True)]


def product(x: tf.Tensor, kernel: tf.Tensor, products: tf.DType) -> tf.Tensor:
    """Return ``x`` [..., in] times ``kernel`` [in, out], a product of the dtype ``products``."""
    found = tf.tensordot(tf.cast(x, products), tf.cast(kernel, products), 1)
    return tf.cast(found, kernel.dtype)
