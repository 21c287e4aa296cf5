"""The optimizers as in job.proto, in plain NumPy, float64: nothing of the code that they judge."""

import math
from typing import assert_never

import numpy as np
from twinrun.contract.enums import Decayed, DecayForm, EpsilonPlace
from twinrun.contract.optimizers import Adagrad, Adam, Adamax, AdamW, RmsProp, Sgd
from twinrun.contract.optimizers import Optimizer as Spec
from twinrun.contract.regularization import (
    Clip,
    ClipByGlobalNorm,
    ClipByNorm,
    ClipByValue,
    WeightDecay,
)
from twinrun.contract.schedules import (
    ConstantRate,
    Cosine,
    CosineRestarts,
    Exponential,
    OneCycle,
    Polynomial,
    Schedule,
    Step,
)


class Optimizer:
    """Updates named arrays by named gradients, in place; ``step`` counts the steps taken."""

    def __init__(self, spec: Spec, epsilon_hat: float | None = None) -> None:
        """Create the state. ``epsilon_hat`` replaces Adam's epsilon, before the bias correction."""
        self.spec, self.step, self.state = spec, 0, {}
        self.epsilon_hat = epsilon_hat

    def update(self, weights, found) -> None:
        self.step += 1
        rate = self.spec.learning_rate * factor(self.spec.schedule, self.step - 1)
        for name, g in clipped(self.spec.clip, found).items():
            w = weights[name]
            self._update(w, self._decayed(w, g, rate), rate, self.state.setdefault(name, {}))

    def _decayed(self, w, g, rate):
        decay = self.spec.weight_decay
        if isinstance(self.spec.kind, AdamW):
            decay = WeightDecay(self.spec.kind.weight_decay, DecayForm.DECOUPLED_TIMES_RATE)
        if decay is None or (self.spec.decayed is Decayed.KERNELS and np.ndim(w) < 2):
            return g
        match decay.form:
            case DecayForm.COUPLED:
                return g + decay.factor * w
            case DecayForm.DECOUPLED_TIMES_RATE:
                w -= rate * decay.factor * w
            case DecayForm.DECOUPLED:
                w -= decay.factor * w
            case _:
                assert_never(decay.form)
        return g

    def _update(self, w, g, rate, state) -> None:
        t = self.step

        def kept(name, start=0.0):
            return state.get(name, np.full_like(w, start))

        match self.spec.kind:
            case Sgd(momentum, nesterov):
                state["v"] = momentum * kept("v") + g
                w -= rate * (g + momentum * state["v"] if nesterov else state["v"])
            case Adam(beta_1, beta_2, epsilon) | AdamW(beta_1, beta_2, epsilon) as kind:
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


def clipped(clip: Clip | None, found):
    """The gradients by name after clipping."""
    if clip is None:
        return found
    limit = clip.kind.limit
    match clip.kind:
        case ClipByValue():
            return {name: np.minimum(np.maximum(g, -limit), limit) for name, g in found.items()}
        case ClipByNorm():
            norms = {name: np.sqrt((g**2).sum()) for name, g in found.items()}
        case ClipByGlobalNorm():
            norms = dict.fromkeys(found, np.sqrt(sum((g**2).sum() for g in found.values())))
        case _:
            assert_never(clip.kind)
    return {n: g * limit / norms[n] if norms[n] > limit else g for n, g in found.items()}


def factor(schedule: Schedule | None, step: int) -> float:
    """What the rate of a step, from 0, is multiplied by, in Python's own numbers."""
    if schedule is None:
        return 1.0
    if schedule.shown_steps:
        step = schedule.shown_steps[step % len(schedule.shown_steps)]
    if step < schedule.warmup_steps:
        return (step + 1) / schedule.warmup_steps
    return _after_warmup(schedule.kind, step - schedule.warmup_steps)


def _after_warmup(kind, s: int) -> float:
    match kind:
        case ConstantRate():
            return 1.0
        case Cosine(steps, end):
            return end + (1 - end) * _half_cosine(min(s, steps) / steps)
        case Step(boundaries, every, factor):
            return factor ** (s // every if every else sum(edge <= s for edge in boundaries))
        case Exponential(steps, factor):
            return math.pow(factor, s / steps)
        case Polynomial(steps, power, end):
            return end + (1 - end) * math.pow(1 - min(s, steps) / steps, power)
        case OneCycle(steps, rising, start, end):
            peak = rising * steps
            if s < peak:
                return start + (1 - start) * (1 - _half_cosine(s / peak))
            return end + (1 - end) * _half_cosine(min((s - peak) / (steps - peak), 1))
        case CosineRestarts(steps, multiplier, shrink, end):
            peak = 1.0
            while s >= steps:
                s, steps, peak = s - steps, steps * multiplier, peak * shrink
            return end + (peak - end) * _half_cosine(s / steps)
        case _:
            assert_never(kind)


def _half_cosine(part: float) -> float:
    return (1 + math.cos(math.pi * part)) / 2
