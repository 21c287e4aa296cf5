"""Adam: two moments, and with AMSGrad the largest second one."""

import numpy as np
from twinrun.contract.optimizers import Adam, AdamW

from services.model.optimizers import Numbers


def starts(kind: Adam | AdamW) -> tuple[float, ...]:
    """Implement `services.model.optimizers.Kind`."""
    return (0.0,) * (3 if kind.amsgrad else 2)


def factors(kind: Adam | AdamW, rates: Numbers, t: Numbers) -> tuple[Numbers, Numbers]:
    """Implement `services.model.optimizers.Kind`.

    Algorithm 1's step  lr * m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)  is the same as rate
    * m / (sqrt(v) + epsilon_hat) with rate = lr * sqrt(1 - b2^t) / (1 - b1^t) and epsilon_hat =
    epsilon * sqrt(1 - b2^t)  (Kingma and Ba 2015, end of section 2).
    """
    root = np.sqrt(1 - kind.beta_2**t)
    return rates * root / (1 - kind.beta_1**t), kind.epsilon * root
