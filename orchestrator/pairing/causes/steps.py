"""What a step does otherwise: the optimizer's formula.

The gradients are the same here, and every slot is 0 before the first step, so that its formula has
few unknowns. They are found from one side's arrays; the other's must then follow exactly.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from orchestrator.language.phrases import Phrase, english
from orchestrator.pairing.causes import gradients
from orchestrator.pairing.causes.clues import Cause, Clues, Side, Tried, ratio
from orchestrator.pairing.causes.layers import any_of
from orchestrator.pairing.formulas.activations import Floats
from orchestrator.pairing.locate import Place, gradient_norm
from orchestrator.pairing.measure import solved

_DECAY = Phrase("{side} took {decay} of each weight away in a step")
_COUPLED = Phrase("{side} added {decay} of each weight to its gradient")
_FORM = Phrase("{side} took its decay of {decay} from the weights, not into the gradient")
_EPSILON = Phrase("{side}'s epsilon in Adam were {value}, not {own}")
_PLACE = Phrase("{side}'s epsilon in Adam were added {place}")
_INSIDE = Phrase("under the square root")
_OUTSIDE = Phrase("after the square root")
_NESTEROV = Phrase("{side} looked ahead as Nesterov does, with a momentum of {value}")
_CLIPPED = Phrase("{side} clipped the whole gradient to a norm of {value}")
_CLIPPED_VALUES = Phrase("{side} clipped each value of the gradient to {value}")
_RATE = Phrase("{side}'s learning rate were {factor} times as large")

_ROUNDING = 1e-6
_DECAYS = (0.1, 0.05, 0.01, 5e-3, 1e-3, 5e-4, 1e-4, 1e-5)
_SECOND = 0.999  # Adam's usual beta2.


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """All trained values of a side in one row each."""

    weights: Floats
    gradient: Floats
    moved: Floats


def _step(clues: Clues, side: int) -> _Step | None:
    """Return what a side's step did; None: not at an update, or nothing is traced."""
    found = clues.steps(side)
    if clues.located.place is not Place.UPDATE or not found:
        return None
    before, gradient, after = (
        np.concatenate([each.ravel() for each in values]) for values in zip(*found, strict=True)
    )
    return _Step(before, gradient, after - before)


def _steps(
    make: Callable[[Side, _Step, _Step], Iterator[Tried]],
) -> Callable[[Clues], Iterator[Tried]]:
    """Return what tries both sides' steps, if they are where the sides part."""

    def find(clues: Clues) -> Iterator[Tried]:
        steps = _step(clues, 0), _step(clues, 1)
        for number, (side, _) in enumerate(clues.turns()):
            own, theirs = steps[number], steps[1 - number]
            if own is None or theirs is None or own.moved.shape != theirs.moved.shape:
                continue
            if not _fits(own.moved, theirs.moved, clues.located.tolerance):
                yield from make(side, own, theirs)

    return find


def _round(value: float) -> bool:
    """Return whether somebody would write this number: two digits are enough for it."""
    return value > 0 and abs(float(f"{value:.2g}") - value) <= _ROUNDING * value


def _clipping(side: Side, own: _Step, theirs: _Step) -> Iterator[Tried]:
    factor = ratio(own.moved, theirs.moved)
    if factor is None or factor >= 1:
        return
    norm = factor * gradient_norm(side.arrays)
    if _round(norm):
        change = english(_CLIPPED, side=side.name, value=f"{norm:.2g}")
        yield Tried(change, own.moved * factor, theirs.moved)


def _value_clipping(side: Side, own: _Step, theirs: _Step) -> Iterator[Tried]:
    rate = ratio(own.gradient, own.moved)
    if rate is None:
        return
    limit = float(np.abs(theirs.moved / rate).max())
    if _round(limit) and limit < np.abs(own.gradient).max():
        change = english(_CLIPPED_VALUES, side=side.name, value=f"{limit:.2g}")
        yield Tried(change, rate * np.clip(own.gradient, -limit, limit), theirs.moved)


def _nesterov(side: Side, own: _Step, theirs: _Step) -> Iterator[Tried]:
    """Yield the first step with momentum: (1 + momentum) times the plain one."""
    factor = ratio(own.moved, theirs.moved)
    if factor is not None and 1.4 < factor < 2 and _round(factor - 1):
        change = english(_NESTEROV, side=side.name, value=f"{factor - 1:.3g}")
        yield Tried(change, own.moved * factor, theirs.moved)


def _rate(side: Side, own: _Step, theirs: _Step) -> Iterator[Tried]:
    factor = ratio(own.moved, theirs.moved)
    if factor is not None:
        change = english(_RATE, side=side.name, factor=f"{factor:.6g}")
        yield Tried(change, own.moved * factor, theirs.moved)


@dataclass(frozen=True, slots=True)
class _Adam:
    """Adam's first step: -rate g / (|g| + epsilon), or under the root as ``inside``."""

    rate: float
    epsilon: float
    inside: bool

    def moved(self, gradient: Floats) -> Floats:
        sizes = np.abs(gradient)
        if self.inside:
            return -self.rate * gradient / np.sqrt(np.square(gradient) + self.epsilon)
        return -self.rate * gradient / (sizes + self.epsilon)


def _adam(gradient: Floats, moved: Floats) -> Iterator[_Adam]:
    """Yield the steps of Adam that explain what moved, exactly."""
    used = (np.abs(gradient) > 1e-12 * np.abs(gradient).max(initial=0)) & (moved != 0)
    g, d = np.abs(gradient[used]), np.abs(moved[used])
    if len(g) < 3:
        return
    for inside in (False, True):
        power = 2 if inside else 1
        # (g / d)^power is a line over g^power; small values of g show where it starts.
        x, y = g**power, (g / d) ** power
        weights = 1 / y
        table = np.stack([x * weights, weights], axis=1)
        slope, start = solved(table, np.ones_like(x))
        if slope > 0:
            found = _Adam(float(slope ** (-1 / power)), float(start / slope), inside)
            if found.epsilon >= 0 and _fits(found.moved(gradient), moved):
                yield found


def _fits(made: Floats, wanted: Floats, most: float = 1e-5) -> bool:
    largest = float(np.abs(wanted).max(initial=0))
    return bool(np.all(np.isfinite(made))) and float(np.abs(made - wanted).max()) < most * largest


def _epsilon(side: Side, own: _Step, theirs: _Step) -> Iterator[Tried]:
    """Yield Adam with the other's epsilon, in the same place."""
    for mine in _adam(own.gradient, own.moved):
        for found in _adam(theirs.gradient, theirs.moved):
            if mine.inside == found.inside and not _corrected(mine.epsilon, found.epsilon):
                changed = _Adam(mine.rate, found.epsilon, mine.inside)
                change = english(
                    _EPSILON,
                    side=side.name,
                    value=f"{found.epsilon:.3g}",
                    own=f"{mine.epsilon:.3g}",
                )
                yield Tried(change, changed.moved(own.gradient), theirs.moved)


def _corrected(one: float, other: float) -> bool:
    """Return whether they are one epsilon, before and after the moment's correction."""
    factor = (1 - _SECOND) ** 0.5
    return any(abs(a * factor - b) <= 0.01 * b for a, b in ((one, other), (other, one)) if b)


def _epsilon_place(side: Side, own: _Step, theirs: _Step) -> Iterator[Tried]:
    for mine in _adam(own.gradient, own.moved):
        for found in _adam(theirs.gradient, theirs.moved):
            if mine.inside != found.inside or _corrected(mine.epsilon, found.epsilon):
                place = english(_place(mine, found))
                changed = _Adam(mine.rate, found.epsilon, found.inside)
                change = english(_PLACE, side=side.name, place=place)
                yield Tried(change, changed.moved(own.gradient), theirs.moved)


_BEFORE = Phrase("before the second moment is corrected")
_AFTER = Phrase("after the second moment is corrected")


def _place(mine: _Adam, found: _Adam) -> Phrase:
    if mine.inside != found.inside:
        return _INSIDE if found.inside else _OUTSIDE
    return _BEFORE if found.epsilon > mine.epsilon else _AFTER


def _decay(side: Side, own: _Step, theirs: _Step) -> Iterator[Tried]:
    """Yield the step with decay: of the weights, or in the gradient that Adam divides."""
    part = ratio(own.weights, own.moved - theirs.moved)
    if part is not None and part > 0:
        change = english(_DECAY, side=side.name, decay=f"{part:.3g}")
        yield Tried(change, own.moved - part * own.weights, theirs.moved)
    for adam in _adam(own.gradient, own.moved):
        for decay in _DECAYS:
            made = adam.moved(own.gradient + decay * own.weights)
            yield Tried(english(_COUPLED, side=side.name, decay=f"{decay:g}"), made, theirs.moved)


def _decay_form(side: Side, own: _Step, theirs: _Step) -> Iterator[Tried]:
    """Yield Adam's step with the decay apart from it, where the side's has it in the gradient.

    The other's step tells the rate, the epsilon and the decay; the side's must follow from them.
    """
    for part, adam in _apart(theirs):
        decay = part / adam.rate
        if _fits(adam.moved(own.gradient + decay * own.weights), own.moved):
            change = english(_FORM, side=side.name, decay=f"{decay:.3g}")
            made = adam.moved(own.gradient) - part * own.weights
            yield Tried(change, made, theirs.moved)


def _apart(step: _Step) -> Iterator[tuple[float, _Adam]]:
    """Yield the part of each weight that a step takes away beside Adam's, and Adam's."""
    for epsilon in (1e-7, 1e-8, 1e-6, 1e-3, 1e-7 / (1 - _SECOND) ** 0.5):
        table = np.stack([step.gradient / (np.abs(step.gradient) + epsilon), step.weights], axis=1)
        rate, part = solved(table, -step.moved)
        if rate > 0 and part > 0 and _fits(-table @ np.array([rate, part]), step.moved):
            yield float(part), _Adam(float(rate), epsilon, inside=False)


CAUSES = (
    Cause(
        "gradient_clipping",
        Phrase("the clipping of gradients"),
        any_of(_steps(_clipping), gradients.scaled),
    ),
    Cause(
        "value_clipping",
        Phrase("the clipping of gradients by value"),
        any_of(_steps(_value_clipping), gradients.clipped),
    ),
    Cause("nesterov", Phrase("Nesterov's momentum"), _steps(_nesterov)),
    Cause("adam_epsilon", Phrase("the epsilon of Adam"), _steps(_epsilon)),
    Cause("epsilon_place", Phrase("the place of Adam's epsilon"), _steps(_epsilon_place)),
    Cause(
        "weight_decay_form",
        Phrase("the form of weight decay"),
        any_of(_steps(_decay_form), gradients.penalty),
    ),
    Cause("weight_decay", Phrase("the weight decay"), _steps(_decay)),
    Cause("learning_rate", Phrase("the learning rate"), _steps(_rate)),
)
