"""Adagrad: the sum of squares, from a value on."""

import numpy as np
from twinrun.contract.optimizers import Adagrad

from services.model.optimizers import Numbers


def starts(kind: Adagrad) -> tuple[float, ...]:
    """Implement `services.model.optimizers.Kind`."""
    return (kind.initial_accumulator,)


def factors(kind: Adagrad, rates: Numbers, _: Numbers) -> tuple[Numbers, Numbers]:
    """Implement `services.model.optimizers.Kind`."""
    return rates, np.full_like(rates, kind.epsilon)
