"""Clipping of gradients, by the formulas of job.proto."""

from collections.abc import Sequence
from typing import assert_never

import tensorflow as tf
from twinrun.contract.regularization import Clip, ClipByGlobalNorm, ClipByNorm, ClipByValue

Gradients = Sequence[tf.Tensor | None]


def clipped(clip: Clip | None, gradients: Gradients) -> Gradients:
    """Return the gradients after clipping; what has none stays None."""
    if clip is None:
        return gradients
    match clip.kind:
        case ClipByValue(limit):
            return [None if g is None else tf.clip_by_value(g, -limit, limit) for g in gradients]
        case ClipByNorm(limit):
            return [None if g is None else g * _factor(_square(g), limit) for g in gradients]
        case ClipByGlobalNorm(limit):
            squares = [_square(g) for g in gradients if g is not None]
            factor = _factor(tf.add_n(squares), limit)
            return [None if g is None else g * factor for g in gradients]
        case _:
            assert_never(clip.kind)


def _square(array: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(array * array)


def _factor(square: tf.Tensor, limit: float) -> tf.Tensor:
    """Return exactly 1 if the norm, of which this is the square, is at most the limit."""
    return limit / tf.maximum(tf.sqrt(square), limit)
