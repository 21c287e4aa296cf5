"""The rule by which two trials did the same arithmetic, quantity by quantity.

A quantity is the same if it is within its tolerance, or within the allowed multiple of what
rounding alone did to that same quantity and tensor in each framework's own perturbed trial. The
second clause applies only if that yardstick can be trusted: see `distrust`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.spec import Tolerance

from orchestrator.certificate.gaps import (
    ACCURACIES,
    AGAIN,
    EVALUATED,
    EVALUATED_ACCURACIES,
    EVALUATED_LOSSES,
    EVALUATED_METRICS,
    INITIAL,
    LOGITS,
    LOSSES,
    NORMS,
    ORDERED,
    VALIDATION_LOGITS,
    WEIGHTS,
    Floats,
    Gap,
    whole_norms,
)
from orchestrator.certificate.rounding import FLOAT64, Key, Rule, larger, smaller
from orchestrator.language.phrases import Phrase
from orchestrator.trials.trial import Trial

Gaps = Mapping[Key, Gap]

_FLIPPING = 1e-9  # a relative difference above which an argmax may differ by chance
# Metrics that jump where an argmax does, and where the order of two samples does.
_COUNTED = ("top_5_accuracy", "macro_f1", "f1")
_RANKED = ("roc_auc", "average_precision")
_FLIPS = 2  # samples that may then differ
# Relative to the whole gradient's norm, in float64: a gradient smaller at every step is rounding.
_NOTHING = 1e-13
# By how much moving means that follow their biases may change logits, relative to the largest one;
# and how far other evaluations may be apart, relative to the last test logits.
_SWAYED, _AS_FAR = 1e-6, 100.0


@dataclass(frozen=True, slots=True)
class Standard:
    """The standard for judging a pair of trials.

    ``undetermined``: parameters that the job does not determine; ``followers``: moving means that
    differ by no more than such a bias before them. ``batch_size``, and ``samples`` of an
    evaluation: the numbers behind accuracies. ``switched``: rounding switches a unit of the
    model, so that the larger of the own divergences counts.
    """

    tolerance: Tolerance
    rule: Rule
    undetermined: frozenset[str] = frozenset()
    batch_size: int = 1
    samples: int = 1
    switched: bool = False
    followers: frozenset[str] = frozenset()


class Clause(StrEnum):
    """The clause by which a quantity is the same."""

    TOLERANCE = "tolerance"
    ROUNDING = "rounding"
    UNDETERMINED = "undetermined"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest relative difference in a quantity, and the tolerance.

    ``step`` (from 0; of an evaluation the epoch) and ``tensor`` say where, if the quantity has
    them. ``own``: what rounding did to it at that place, None: not measured. ``first``: where it
    first exceeded what is allowed.
    """

    quantity: Phrase
    largest: float
    tolerance: float
    step: int | None = None
    tensor: str | None = None
    own: float | None = None
    clause: Clause = Clause.TOLERANCE
    first: int | None = None

    @property
    def within(self) -> bool:
        return self.clause is not Clause.BEYOND


def undetermined(trials: Sequence[Trial]) -> frozenset[str]:
    """Return the parameters whose gradient is only rounding at every step of all trials.

    The job does not determine them. In float64.
    """
    candidates: list[frozenset[str]] = []
    for trial in trials:
        if trial.details is None or not len(trial.losses) or not trial.details.gradient_norms:
            return frozenset()
        whole = whole_norms(trial.details)
        if not (np.isfinite(whole).all() and (whole > 0).all()):
            return frozenset()
        norms = trial.details.gradient_norms.items()
        candidates.append(frozenset(n for n, v in norms if (v <= _NOTHING * whole).all()))
    return frozenset.intersection(*candidates)


def judge(between: Gaps, own: Sequence[Gaps], by: Standard) -> list[Difference]:
    """Return each quantity's difference, and the clause that allows it.

    ``own`` of both frameworks, or empty: without the second clause.
    """
    differences = []
    for key, gap in between.items():
        outright = _outright(gap, between, by)
        within = gap.values <= outright
        if _is_undetermined(gap, by) or (
            by.followers and _follows(gap, between) and not within.all()
        ):
            differences.append(_difference(gap, outright, None, Clause.UNDETERMINED))
            continue
        if within.all():
            differences.append(_difference(gap, outright, None, Clause.TOLERANCE))
            continue
        curve = None
        if own and gap.quantity != INITIAL:
            swayed = bool(by.undetermined) and _is_swayed(gap)
            which = larger if swayed or by.switched else smaller
            curve = which(own, key, len(gap.values))
            of_logits = which(own, (LOGITS, None), 1)
            # By chance, a mean of losses may have changed by less than each of them.
            if curve is not None and of_logits is not None and _is_mean(gap):
                curve = np.maximum(curve, of_logits)
        if curve is not None:
            start = 0 if is_of_steps(gap) else _steps(between)
            within |= gap.values <= by.rule.bound(curve, start)
        clause = Clause.ROUNDING if within.all() else Clause.BEYOND
        differences.append(_difference(gap, outright, curve, clause, within))
    return differences


def _is_undetermined(gap: Gap, by: Standard) -> bool:
    return gap.quantity == WEIGHTS and gap.tensor in by.undetermined | by.followers


def _follows(gap: Gap, between: Gaps) -> bool:
    """Return whether an evaluation differs by no more than moving means that follow their biases.

    How far they move the last test logits is known, because each side computes the same logits from
    the other's weights, which is judged by itself. Earlier evaluations differ by the like.
    """
    logits = between.get((LOGITS, None))
    if logits is None or not np.isfinite(gap.values).all():
        return False
    if gap.quantity == LOGITS:
        return bool(logits.values.max() <= _SWAYED)
    evaluated = (VALIDATION_LOGITS, *EVALUATED)
    return gap.quantity in evaluated and bool(
        gap.values.max() <= min(_SWAYED, _AS_FAR * float(logits.values.max()))
    )


def _is_swayed(gap: Gap) -> bool:
    """Return whether an undetermined parameter, a bias before a batch norm, affects it.

    It cancels in training, but the moving mean follows it with a delay. How far it wanders depends
    on how a framework rounds zero, so the larger of the own divergences counts there.
    """
    evaluated = (LOGITS, VALIDATION_LOGITS, *EVALUATED)
    is_mean = gap.quantity == WEIGHTS and (gap.tensor or "").endswith(".moving_mean")
    return is_mean or gap.quantity in evaluated


def _is_mean(gap: Gap) -> bool:
    """Return whether it is an evaluation's number that follows the logits without a jump."""
    return gap.quantity == EVALUATED_LOSSES or (
        gap.quantity == EVALUATED_METRICS and not _jumps(gap)
    )


def is_of_steps(gap: Gap) -> bool:
    """Return whether it has a value for each step."""
    return gap.quantity in (LOSSES, ORDERED, ACCURACIES, NORMS)


def _steps(between: Gaps) -> int:
    return len(between[LOSSES, None].values) if (LOSSES, None) in between else 0


def _difference(
    gap: Gap,
    outright: Floats,
    own: Floats | None,
    clause: Clause,
    within: NDArray[np.bool_] | None = None,
) -> Difference:
    at = int(np.argmax(gap.values)) if len(gap.values) else 0
    axis = is_of_steps(gap) or gap.quantity in EVALUATED
    beyond = None if within is None or within.all() else int(np.argmin(within))
    return Difference(
        gap.quantity,
        float(gap.values[at]) if len(gap.values) else 0.0,
        float(outright[at]) if len(gap.values) else 0.0,
        at if axis else None,
        gap.tensor,
        None if own is None else float(own[at]),
        clause,
        beyond if axis else None,
    )


def summarised(found: Sequence[Difference]) -> list[Difference]:
    """Return the largest difference of each quantity by each clause, and all undetermined ones."""
    kept: list[Difference] = []
    for quantity in dict.fromkeys(d.quantity for d in found if d.quantity != INITIAL):
        each = [d for d in found if d.quantity == quantity]
        for kind in Clause:
            some = [d for d in each if d.clause is kind]
            if quantity == AGAIN or kind is Clause.UNDETERMINED:
                kept += some
            elif some:
                kept.append(max(some, key=lambda d: d.largest / max(d.own or 0, d.tolerance)))
    return kept


def _outright(gap: Gap, between: Gaps, by: Standard) -> Floats:
    """Return what is allowed whatever rounding does, in the shape of the gap's values."""
    shape, tolerance = np.ones(len(gap.values)), by.tolerance
    if gap.quantity == INITIAL:
        return 0 * shape
    if _jumps(gap) or gap.quantity in (ACCURACIES, EVALUATED_ACCURACIES):
        return _of_flips(gap, between, by)
    if by.rule is not FLOAT64:
        first = by.rule.first or 0.0
        if gap.quantity == NORMS:  # a sum of as many squares as the tensor has values
            return 4 * first * shape
        return (by.rule.again or first if gap.quantity == AGAIN else by.rule.least) * shape
    if gap.quantity in (LOSSES, ORDERED, EVALUATED_LOSSES, EVALUATED_METRICS):
        return tolerance.losses * shape
    if gap.quantity == NORMS:
        return tolerance.gradient_norms * shape
    if gap.quantity == WEIGHTS:
        return tolerance.weights * shape
    return tolerance.logits * shape


def _jumps(gap: Gap) -> bool:
    """Return whether it is a metric that does not follow the logits continuously."""
    return gap.quantity == EVALUATED_METRICS and gap.tensor in (*_COUNTED, *_RANKED)


def _of_flips(gap: Gap, between: Gaps, by: Standard) -> Floats:
    """Return what a few samples make that are predicted, or ranked, otherwise by chance."""
    losses = LOSSES if gap.quantity == ACCURACIES else EVALUATED_LOSSES
    count = float(by.batch_size if gap.quantity == ACCURACIES else by.samples)
    # Of equal logits, a rounding decides the order.
    least = (_FLIPS + 0.5) / count if gap.tensor in _RANKED else 1e-12
    if _jumps(gap) and gap.tensor != "top_5_accuracy":
        count **= 0.5  # one sample may be much of a rare class
    beside = between.get((losses, None))
    parted = np.zeros(len(gap.values), bool)
    if beside is not None and len(beside.values) == len(parted):
        parted = beside.running > _FLIPPING
    return np.where(parted, (_FLIPS + 0.5) / count, least)
