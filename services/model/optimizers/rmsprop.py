"""RMSprop: the mean square; of gradients that are centered their mean; with momentum a velocity."""

import numpy as np
from twinrun.contract.optimizers import RmsProp

from services.model.optimizers import Numbers


def starts(kind: RmsProp) -> tuple[float, ...]:
    """Implement `services.model.optimizers.Kind`. The velocity, if any, is the last."""
    return (0.0,) * (1 + kind.centered + bool(kind.momentum))


def factors(kind: RmsProp, rates: Numbers, _: Numbers) -> tuple[Numbers, Numbers]:
    """Implement `services.model.optimizers.Kind`."""
    return rates, np.full_like(rates, kind.epsilon)
