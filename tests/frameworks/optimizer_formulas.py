"""The optimizers as in job.proto, in plain NumPy, float64: nothing of the code that they judge."""

from typing import assert_never

import numpy as np
from twinrun.contract.enums import EpsilonPlace
from twinrun.contract.optimizers import Adagrad, Adam, Adamax, AdamW, RmsProp, Sgd
from twinrun.contract.optimizers import Optimizer as Spec


class Optimizer:
    """Updates named arrays by named gradients, in place; ``step`` counts the steps taken."""

    def __init__(self, spec: Spec, epsilon_hat: float | None = None) -> None:
        """Create the state. ``epsilon_hat`` replaces Adam's epsilon, before the bias correction."""
        self.spec, self.step, self.state = spec, 0, {}
        self.epsilon_hat = epsilon_hat

    def update(self, weights, found) -> None:
        self.step += 1
        for name, g in found.items():
            self._update(weights[name], g, self.state.setdefault(name, {}))

    def _update(self, w, g, state) -> None:  # noqa: C901 - a case for each formula
        rate, t = self.spec.learning_rate, self.step

        def kept(name, start=0.0):
            return state.get(name, np.full_like(w, start))

        match self.spec.kind:
            case Sgd(momentum, nesterov):
                state["v"] = momentum * kept("v") + g
                w -= rate * (g + momentum * state["v"] if nesterov else state["v"])
            case Adam(beta_1, beta_2, epsilon) | AdamW(beta_1, beta_2, epsilon) as kind:
                if isinstance(kind, AdamW):
                    w -= rate * kind.weight_decay * w
                if self.epsilon_hat is not None:
                    epsilon = self.epsilon_hat / np.sqrt(1 - beta_2**t)
                state["m"] = beta_1 * kept("m") + (1 - beta_1) * g
                v = state["v"] = beta_2 * kept("v") + (1 - beta_2) * g**2
                if kind.amsgrad:
                    v = state["largest"] = np.maximum(kept("largest"), v)
                root = np.sqrt(v / (1 - beta_2**t))
                w -= rate * (state["m"] / (1 - beta_1**t)) / (root + epsilon)
            case RmsProp(rho, momentum, epsilon, centered, place):
                v = state["v"] = rho * kept("v") + (1 - rho) * g**2
                if centered:
                    state["c"] = rho * kept("c") + (1 - rho) * g
                    v = np.maximum(v - state["c"] ** 2, 0)
                inside = place is EpsilonPlace.INSIDE
                divisor = np.sqrt(v + epsilon) if inside else np.sqrt(v) + epsilon
                state["b"] = momentum * kept("b") + g / divisor
                w -= rate * state["b"]
            case Adagrad(start, epsilon):
                state["a"] = kept("a", start) + g**2
                w -= rate * g / (np.sqrt(state["a"]) + epsilon)
            case Adamax(beta_1, beta_2, epsilon):
                state["m"] = beta_1 * kept("m") + (1 - beta_1) * g
                state["u"] = np.maximum(beta_2 * kept("u"), np.abs(g))
                w -= rate / (1 - beta_1**t) * state["m"] / (state["u"] + epsilon)
            case _:
                assert_never(self.spec.kind)
