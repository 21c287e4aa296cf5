"""What layers take beside their input on one way through the model, each what is next."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import tensorflow as tf


@dataclass(frozen=True, slots=True)
class Training:
    """``products``: the dtype in which products are taken. ``trained``: parameters.

    ``drawn``: what NumPy drew for this step. ``statistics``: to which a layer adds the batch's,
    if it keeps any. All in model order. ``compiled``: by XLA.
    """

    products: tf.DType
    trained: Iterator[tf.Variable]
    drawn: Iterator[tf.Tensor]
    compiled: bool
    statistics: list[tf.Tensor] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Evaluating:
    """The same in evaluation; ``kept``: moving statistics, in model order."""

    products: tf.DType
    trained: Iterator[tf.Variable]
    kept: Iterator[tf.Variable]


Given = Training | Evaluating
