"""What layers need besides their input in one pass through the model; each takes what is next.

Of both kinds, ``counted``, bool[batch, time], is False at padded steps. None: every step counts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import tensorflow as tf

# Makes the mean over a device's samples that over the samples of all devices that share a step.
Mean: TypeAlias = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True, slots=True)
class Training:
    """For training. ``products``: the dtype of products. ``trained``: parameters.

    ``drawn``: what NumPy drew for this step. ``statistics``: a layer with moving statistics appends
    the batch's. All in model order. ``compiled``: by XLA. ``mean``: None of one
    device.
    """

    products: tf.DType
    trained: Iterator[tf.Variable]
    drawn: Iterator[tf.Tensor]
    compiled: bool
    statistics: list[tf.Tensor] = field(default_factory=list)
    counted: tf.Tensor | None = None
    mean: Mean | None = None


@dataclass(frozen=True, slots=True)
class Evaluating:
    """For evaluation; ``kept``: moving statistics, in model order."""

    products: tf.DType
    trained: Iterator[tf.Variable]
    kept: Iterator[tf.Variable]
    counted: tf.Tensor | None = None


Given = Training | Evaluating
