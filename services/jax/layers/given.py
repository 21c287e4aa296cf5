"""What layers need besides their input in one pass through the model; each takes what is next.

Of both kinds, ``counted``, bool[batch, time], is False at padded steps. None: every step counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import jax

from services.jax.rounding import Rounding


@dataclass(frozen=True, slots=True)
class Training:
    """For training. ``rounding``: of products. ``trained``: parameters.

    ``drawn``: what NumPy drew for this step. ``statistics``: a layer with moving statistics appends
    the batch's. All in model order.
    """

    rounding: Rounding
    trained: Iterator[jax.Array]
    drawn: Iterator[jax.Array]
    statistics: list[jax.Array] = field(default_factory=list)
    counted: jax.Array | None = None


@dataclass(frozen=True, slots=True)
class Evaluating:
    """For evaluation; ``kept``: moving statistics, in model order."""

    rounding: Rounding
    trained: Iterator[jax.Array]
    kept: Iterator[jax.Array]
    counted: jax.Array | None = None


Given = Training | Evaluating
