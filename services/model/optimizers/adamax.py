"""Adamax: the first moment, and the largest gradient of late."""

import numpy as np
from twinrun.contract.optimizers import Adamax

from services.model.optimizers import Numbers


def starts(_: Adamax) -> tuple[float, ...]:
    """Implement `services.model.optimizers.Kind`."""
    return 0.0, 0.0


def factors(kind: Adamax, rates: Numbers, t: Numbers) -> tuple[Numbers, Numbers]:
    """Implement `services.model.optimizers.Kind`. Only the first moment is corrected."""
    return rates / (1 - kind.beta_1**t), np.full_like(rates, kind.epsilon)
