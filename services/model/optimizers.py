"""What the optimizers of job.proto require of every framework alike. NumPy only."""

from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd

Plan = tuple[NDArray[np.float64], NDArray[np.float64]]  # rates and epsilons, [steps] each


def slot_count(optimizer: Optimizer) -> int:
    """Return how many arrays of a parameter's shape the optimizer keeps for each parameter."""
    match optimizer.kind:
        case Sgd(momentum):
            return 1 if momentum else 0
        case Adam() | AdamW():
            return 2
        case _:
            assert_never(optimizer.kind)


def sets_epsilon(optimizer: Optimizer) -> bool:
    """Return whether the job sets an epsilon other than the default: no own way replaces it."""
    match optimizer.kind:
        case Sgd():
            return False
        case Adam() | AdamW() as kind:
            return kind.epsilon != type(kind)().epsilon
        case _:
            assert_never(optimizer.kind)


def schedule(optimizer: Optimizer, first: int, steps: int) -> Plan:
    """Return rates and epsilons, float64[steps] each, of the steps that follow ``first`` steps.

    Algorithm 1's step  lr * m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)  is the same as rate
    * m / (sqrt(v) + epsilon_hat) with rate = lr * sqrt(1 - b2^t) / (1 - b1^t) and epsilon_hat =
    epsilon * sqrt(1 - b2^t)  (Kingma and Ba 2015, end of section 2). Both are computed here in
    float64: in float32, 1 - 0.999 alone would be wrong by one part in 80,000.
    """
    match optimizer.kind:
        case Sgd():
            return np.full(steps, optimizer.learning_rate), np.zeros(steps)
        case Adam(beta_1, beta_2, epsilon) | AdamW(beta_1, beta_2, epsilon):
            t = np.arange(first + 1, first + steps + 1, dtype=np.float64)
            root = np.sqrt(1 - beta_2**t)
            return optimizer.learning_rate * root / (1 - beta_1**t), epsilon * root
        case _:
            assert_never(optimizer.kind)
