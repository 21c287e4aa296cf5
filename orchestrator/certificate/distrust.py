"""Reasons why a framework's own rounding is no reliable yardstick, so that it explains nothing."""

from collections.abc import Iterator, Mapping

import numpy as np

from orchestrator.certificate.gaps import ACCURACIES, LOSSES, NORMS, ORDERED, Gap
from orchestrator.certificate.judge import Gaps, Standard, is_of_steps
from orchestrator.certificate.rounding import FLOAT64, largest_jump
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label

_NOT_DETERMINISTIC = Phrase(
    "{framework}'s side is not deterministic: two runs of it differ by {largest:.0e} "
    "at step {step:,}"
)
_COARSE = Phrase(
    "{framework}'s side differs from itself by {largest:.0e} at step {step:,}, "
    "before rounding could grow, when its initial values are moved by one unit in "
    "their last place"
)
_NOT_AT_FIRST = Phrase(
    "the {quantity} differ by {largest:.0e} at step {step:,}{where}, before rounding could grow"
)
_ENLARGED = Phrase(
    "the losses differ by {largest:.0e} at step {step:,}, after one update, and {framework}'s own "
    "by {own:.0e} when its initial values are moved by one unit in their last place: rounding "
    "decides part of the first update, so that it would hide faults of that size (Adam does so in "
    "tiny batches, where a gradient may be only rounding: give a larger --batch-size, or Adam a "
    "larger epsilon)"
)
_JUMP = Phrase(
    "the losses diverge suddenly, {times:.0e}-fold from step {before:,} to step "
    "{step:,}, faster than rounding grows"
)
_NO_YARDSTICK = Phrase("the effect of rounding alone on {framework}'s side is not known")
_IN = Phrase(" in {tensor}")


def distrust(
    between: Gaps,
    own: Mapping[str, Gaps],
    repeated: Mapping[str, Gaps],
    by: Standard,
) -> Iterator[Sentence]:
    """Yield reasons why rounding may explain nothing, if there are any.

    ``own`` and ``repeated`` by framework: its trial compared with the perturbed one, and with its
    repetition. Both are needed: a run may have been killed between them. `jumps` are told apart,
    because more draws of a perturbed trial may have one.
    """
    for name in own.keys() | repeated.keys():
        if name not in own or name not in repeated:
            yield english(_NO_YARDSTICK, framework=label(name))
    for name, found in repeated.items():
        yield from _not_deterministic(name, found, own.get(name, {}), by)
    for name, found in own.items():
        first = found[LOSSES, None].values[:1] if (LOSSES, None) in found else np.zeros(0)
        if (first > _at_first(LOSSES, by)).any():
            yield english(_COARSE, framework=label(name), largest=float(first[0]), step=0)
    yield from _first_steps(between, own, by)


def _not_deterministic(name: str, found: Gaps, own: Gaps, by: Standard) -> Iterator[Sentence]:
    """Say that a side diverges from itself in a repetition, by more than rounding."""
    for key in ((LOSSES, None), (ORDERED, None)):
        if key not in found or not found[key].values.any():
            continue
        values = found[key].values
        step = int(np.argmax(values > 0))
        allowed = np.zeros(len(values))
        if key in own and len(own[key].values) >= len(values):
            allowed = by.rule.bound(own[key].running[: len(values)])
        if values[step] > _at_first(key[0], by) or (values > allowed).any():
            yield english(
                _NOT_DETERMINISTIC, framework=label(name), largest=float(values[step]), step=step
            )
            return


def _at_first(quantity: Phrase, by: Standard) -> float:
    """Return the effect of rounding in a first step."""
    if by.rule.first is not None:
        return by.rule.first if quantity != NORMS else 4 * by.rule.first
    return by.tolerance.gradient_norms if quantity == NORMS else by.tolerance.losses


def _first_steps(between: Gaps, own: Mapping[str, Gaps], by: Standard) -> Iterator[Sentence]:
    """Check forward and backward before the first update, and forward after it.

    After it, a trial's own rounding is no excuse: what it hides may as well be a fault of the
    optimizer, such as a learning rate that is wrong by 1e-9.
    """
    for gap in between.values():
        if not is_of_steps(gap) or gap.quantity == ACCURACIES:
            continue
        allowed = _at_first(gap.quantity, by)
        many = 2 if gap.quantity == LOSSES and by.rule is FLOAT64 else 1
        beyond = gap.values[:many] > allowed
        if beyond.any():
            step = int(np.argmax(beyond))
            yield _enlarged(gap, step, own, allowed, by) or english(
                _NOT_AT_FIRST,
                quantity=english(gap.quantity),
                largest=float(gap.values[step]),
                step=step,
                where=english(_IN, tensor=gap.tensor) if gap.tensor else "",
            )
            return


def _enlarged(
    gap: Gap, step: int, own: Mapping[str, Gaps], allowed: float, by: Standard
) -> Sentence | None:
    """Say that rounding alone may part the losses after the first update, if it may."""
    curves = {name: found[gap.key].values for name, found in own.items() if gap.key in found}
    alone = {name: float(each[step]) for name, each in curves.items() if step < len(each)}
    if step == 0 or gap.quantity != LOSSES or not alone:
        return None
    name = max(alone, key=lambda name: alone[name])
    largest, most = float(gap.values[step]), by.rule.bound(np.array([alone[name]]))[0]
    if not allowed < alone[name] or largest > most:
        return None
    names = {"framework": label(name), "own": alone[name]}
    return english(_ENLARGED, largest=largest, step=step, **names)


def jumps(between: Gaps, own: Mapping[str, Gaps], by: Standard) -> Iterator[Sentence]:
    """Yield that the losses diverge suddenly, if no perturbed trial does so."""
    key, rule = (LOSSES, None), by.rule
    if key not in between or not np.isfinite(between[key].values).all():
        return
    times, step = largest_jump(between[key].values, rule.least)
    largest = [
        largest_jump(each[key].values, rule.least)[0] for each in own.values() if key in each
    ]
    counted = max if by.switched else min
    if times > rule.jump * counted(largest, default=1.0):
        yield english(_JUMP, times=times, before=step - 1, step=step)
