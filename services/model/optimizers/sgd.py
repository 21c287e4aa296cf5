"""SGD: one velocity, if there is momentum."""

import numpy as np
from twinrun.contract.optimizers import Sgd

from services.model.optimizers import Numbers


def starts(kind: Sgd) -> tuple[float, ...]:
    """Implement `services.model.optimizers.Kind`."""
    return (0.0,) if kind.momentum else ()


def factors(_: Sgd, rates: Numbers, __: Numbers) -> tuple[Numbers, Numbers]:
    """Implement `services.model.optimizers.Kind`."""
    return rates, np.zeros_like(rates)
