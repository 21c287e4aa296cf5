"""Which part of a gap is Keras's layer above a backend: its time over the framework's own.

Both train the same job on the same framework: one through Keras, one as that framework's own users
write it. The ratio is estimated over blocks as a verdict's is, whichever side is the baseline.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT, label, listed, percent
from orchestrator.results.circumstances import OTHER_CPUS
from orchestrator.results.comparison import Comparison
from orchestrator.results.estimate import Estimate
from orchestrator.results.verdict import Verdict, basis, verdict
from orchestrator.trials.sides import Side

_SHOWN = Phrase(
    "Keras's layer above {own}: an epoch of {keras} took {ratio:.2f} times as long as one of {own} "
    "as its own users write it ({basis}; each reads its batches in its own way)."
)
_MEASURED = Phrase(
    "Keras's layer above {own}, measured but not shown: an epoch of {keras} took {ratio:.2f} times "
    "as long as one of {own} as its own users write it ({basis}; each reads its batches in its own "
    "way)."
)
_NONE_SEEN = Phrase(
    "Keras's layer above {own}: no difference is shown between an epoch of {keras} and one of "
    "{own} as its own users write it; one below {least:.1%} could not have been seen ({pairs} "
    "blocks)."
)
_BY_CPU = Phrase("Others took {share} of the CPUs; by CPU seconds it is {cpu:.2f} times.")
_CONTROL = Phrase(
    "{own}'s own users write Keras too, so this ratio should be 1: it tests the comparison itself."
)
_LACKING = Phrase(
    "Which part of a gap is Keras's layer is not known of {sides}: add the framework's own recipe "
    "as a side, {names} in --frameworks."
)


@dataclass(frozen=True, slots=True)
class Above:
    """How many times as long an epoch of the side ``keras`` took as one of ``own``, of one backend.

    ``low`` and ``high``: 95 %, of ``together`` ratios at once; None if there are too few ``pairs``.
    ``shown``: the trials show a difference. ``cpu_ratio``: the same of CPU seconds, if known.
    """

    keras: str
    own: str
    ratio: float
    low: float | None
    high: float | None
    pairs: int
    together: int
    shown: bool
    cpu_ratio: float | None
    sentence: Sentence


def above(comparison: Comparison) -> list[Above]:
    """Return it for each of Keras's sides whose framework's own recipe is a side too."""
    counted = comparison.counted
    there = [(keras, own) for keras, own in _sides(comparison) if counted.get(own)]
    against = {each.side for each in comparison.pairs}
    further = [pair for pair in there if not ({*pair} & against and comparison.baseline in pair)]
    together = max(1, len(comparison.pairs) + len(further))
    return [
        _above(keras, own, verdict({own: counted[own], keras: counted[keras]}, together))
        for keras, own in there
        if {t.number for t in counted[own]} & {t.number for t in counted[keras]}
    ]


def told_above(comparison: Comparison) -> Iterator[Sentence]:
    """Yield the sentences: of each that is known, and what to add for the others."""
    yield from (each.sentence for each in above(comparison))
    if (sentence := lacking(comparison)) is not None:
        yield sentence


def lacking(comparison: Comparison) -> Sentence | None:
    """Say which sides to add, if some of Keras's have none of the framework's own."""
    alone = {k: own for k, own in _sides(comparison) if own not in comparison.trials}
    if not alone:
        return None
    return english(_LACKING, sides=listed([*map(label, alone)]), names=listed([*alone.values()]))


def _sides(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Yield each side that is Keras on a framework, and the side that would be its own recipe."""
    for name, trials in comparison.counted.items():
        side = Side.named(name)
        known = FRAMEWORKS.get(side.framework)
        if trials and known is not None and known.on:
            yield name, replace(side, framework=known.on).name


def _above(keras: str, own: str, found: Verdict) -> Above:
    ratio, cpu, low, high = found.ratio, found.cpu_ratio, found.low, found.high
    if found.slower == own:
        ratio, cpu = 1 / ratio, cpu and 1 / cpu
        low, high = high and 1 / high, low and 1 / low
    estimate = Estimate(ratio, low, high, found.pairs)
    shown = found.decided and estimate.shown
    names = {"own": label(own), "keras": label(keras), "pairs": found.pairs}
    if found.decided and not shown:
        sentence = english(_NONE_SEEN, **names, least=found.least_seen)
    else:
        given = {"ratio": ratio, "basis": basis(estimate, found.together, found.machines)}
        sentence = english(_SHOWN if shown else _MEASURED, **names, **given)
    if cpu is not None and (found.taken or 0.0) > OTHER_CPUS:
        taken = english(_BY_CPU, share=percent(found.taken or 0.0), cpu=cpu)
        sentence = join(NEXT, [sentence, taken])
    if (framework := FRAMEWORKS.get(Side.named(own).framework)) and framework.in_keras:
        sentence = join(NEXT, [sentence, english(_CONTROL, own=label(own))])
    counts = found.pairs, found.together
    return Above(keras, own, ratio, low, high, *counts, shown, cpu, sentence)
