"""From how many epochs on the side with the faster epochs is ahead, although it starts up later.

Import, build and compile count. After n epochs a side has taken its start-up and n of its epochs:
two sides are level after (start-up of one - start-up of the other) / (epoch of the other - epoch
of one) epochs. Both differences are estimated over pairs, and their quotient has an interval as a
ratio has (`orchestrator.results.estimate`).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twinrun.contract.enums import Execution

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import SEMICOLON, label, number
from orchestrator.results.comparison import Comparison
from orchestrator.results.estimate import Amount, estimate_quotient
from orchestrator.results.quantities import EPOCH, START_UP
from orchestrator.results.verdict import Verdict
from orchestrator.trials.sides import framework_of
from orchestrator.trials.trial import Trial

_AHEAD = Phrase(
    "{faster} starts up {start} s later than {slower} and takes {epoch} s less for an epoch: it is "
    "ahead from epoch {epochs} on, of {steps} steps each ({basis}; import, build and compile "
    "counted)."
)
_INTERVAL = Phrase("95 %: {low:,} to {high:,}, {pairs} pairs")
_FEW, _ONE = Phrase("{pairs} pairs: provisional"), Phrase("one trial each: provisional")
_OP_BY_OP = Phrase(
    "{slower} runs its steps op by op, and a step takes only {step} ms, of which starting the "
    "operations may be the most. What may help: steps in one piece ({remedies}), or a larger "
    "batch, which has fewer steps."
)
_COMPILED = Phrase("--execution compiled: torch.compile, XLA")
_GRAPH = Phrase("--execution default: tf.function")
_SHORT_STEP = 0.02  # seconds, of which starting a few hundred operations is a considerable part


@dataclass(frozen=True, slots=True)
class Ahead:
    """Where two sides are level, in ``epochs`` of ``steps``, a fraction; ``low``, ``high``: 95 %.

    ``low`` and ``high`` are None if there are too few ``pairs``.
    """

    faster: str
    slower: str
    epochs: float
    low: float | None
    high: float | None
    pairs: int
    steps: int | None
    sentence: Sentence


def ahead(comparison: Comparison) -> list[Ahead]:
    """Return it for each pair in which the side with the faster epochs starts up later.

    A pair whose trials show no difference of epochs, though there are enough, has none.
    """
    found = (_of_verdict(comparison, verdict) for verdict in comparison.verdicts)
    return [each for each in found if each is not None]


def _of_verdict(comparison: Comparison, verdict: Verdict) -> Ahead | None:
    if not (verdict.shown or verdict.provisional) or verdict.machines > 1:
        return None  # its interval would be of the pairs alone
    pairs = list(_pairs(comparison.counted[verdict.faster], comparison.counted[verdict.slower]))
    if not pairs:
        return None
    starts, epochs = zip(*pairs, strict=True)
    found = estimate_quotient(starts, epochs, verdict.together)
    if not 0 < found.value < math.inf:
        return None
    steps = next((t.epoch_steps for t in comparison.counted[verdict.faster] if t.epoch_steps), None)
    seconds = {
        name: (START_UP.of(comparison.counted[name], None) or 0.0, verdict.seconds[name])
        for name in (verdict.faster, verdict.slower)
    }
    one, other = seconds[verdict.faster], seconds[verdict.slower]
    if one[0] <= other[0] or one[1] >= other[1]:
        return None  # the pairs say otherwise than the medians
    sentence = english(
        _AHEAD,
        faster=label(verdict.faster),
        slower=label(verdict.slower),
        start=number(one[0] - other[0]),
        epoch=number(other[1] - one[1]),
        epochs=f"{_first(found.value):,}",
        steps=f"{steps:,}" if steps else "?",
        basis=_basis(found),
    )
    ends = found.low, found.high
    sides = verdict.faster, verdict.slower
    return Ahead(*sides, found.value, *ends, found.pairs, steps, sentence)


def _pairs(faster: Sequence[Trial], slower: Sequence[Trial]) -> Iterator[tuple[float, float]]:
    """Yield of each pair how much later one side starts, and how much less its epoch takes."""
    others = {trial.number: trial for trial in slower}
    for trial in faster:
        if (other := others.get(trial.number)) is not None:
            values = [each.measure(t, None) for t in (trial, other) for each in (START_UP, EPOCH)]
            known = [value for value in values if value is not None]
            if len(known) == len(values):
                start, epoch, other_start, other_epoch = known
                yield start - other_start, other_epoch - epoch


def _first(level: float) -> int:
    """Return after how many epochs a side is ahead that is level after so many."""
    return max(1, math.floor(level) + 1)


def _basis(found: Amount) -> Sentence:
    if found.low is not None and found.high is not None:
        ends = {"low": _first(found.low), "high": _first(found.high)}
        return english(_INTERVAL, **ends, pairs=found.pairs)
    return english(_ONE) if found.pairs == 1 else english(_FEW, pairs=found.pairs)


def remedies(comparison: Comparison) -> Iterator[Sentence]:
    """Yield what may help a slower side that starts many short operations one by one.

    Only where the other side does not, and a difference is shown.
    """
    for verdict in comparison.verdicts:
        steps = next((t.epoch_steps for t in comparison.counted[verdict.slower]), None)
        if not verdict.shown or not steps:
            continue
        step = verdict.seconds[verdict.slower] / steps
        by_op = {name: _op_by_op(comparison, name) for name in (verdict.slower, verdict.faster)}
        if by_op[verdict.slower] and not by_op[verdict.faster] and step < _SHORT_STEP:
            eager = FRAMEWORKS.get(framework_of(verdict.slower))
            graphs = eager is not None and not eager.op_by_op
            texts = join(SEMICOLON, [english(_GRAPH), english(_COMPILED)][not graphs :])
            names = {"slower": label(verdict.slower), "step": number(1000 * step)}
            yield english(_OP_BY_OP, **names, remedies=texts)


def _op_by_op(comparison: Comparison, side: str) -> bool:
    specs = (trial.spec for trial in comparison.counted[side])
    execution = next((spec.execution for spec in specs if spec), comparison.job.execution)
    framework = FRAMEWORKS.get(framework_of(side))
    usual = execution is Execution.DEFAULT and framework is not None and framework.op_by_op
    return execution is Execution.EAGER or usual
