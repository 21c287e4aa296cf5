"""Both verdicts of a comparison with --threads best: at equal threads, and each at its best."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.results.blocks import Trials
from orchestrator.results.verdict import Verdict, verdict

_EQUAL = Phrase("At equal threads ({threads}): {what}")
_BEST = Phrase("Each at its own best number of threads: {what}")
_BOTH = Phrase("At equal threads ({threads}), which is each side's own best number: {what}")


def further(best: Mapping[str, str], sides: Sequence[str], baseline: str) -> list[tuple[str, str]]:
    """Return the pairs of sides at their best that are no pairs of the comparison already.

    ``best``: the side at its own best number of threads, by the side at equal threads.
    """
    if best.get(baseline, baseline) == baseline:
        return []
    others = [name for name in best if name != baseline]
    return [(best[baseline], best[each]) for each in others if {each, best[each]} <= {*sides}]


def at_best(
    best: Mapping[str, str], baseline: str, fit: Trials, verdicts: Sequence[Verdict], together: int
) -> list[Verdict]:
    """Return the verdict of the baseline and each other side, each at its own best number.

    ``verdicts``: of the comparison's pairs. ``together``: so many intervals hold at once.
    """
    found = list(verdicts)
    for pair in further(best, list(fit), baseline):
        trials = {side: fit[side] for side in pair if fit.get(side)}
        if len(trials) == 2:
            found.append(verdict(trials, together))
    wanted = [{best[baseline], best[each]} for each in best if each != baseline] if best else []
    return [each for each in found if {each.faster, each.slower} in wanted]


def told(
    verdicts: Sequence[Verdict], bests: Sequence[Verdict], best: Mapping[str, str]
) -> list[Verdict]:
    """Return the verdicts that are put into words: at equal threads, then each at its best.

    A pair of which only one is at its best is in the table of ratios. Without several sides in
    ``best``: all.
    """
    if len(best) < 2:
        return list(verdicts)
    equal = [each for each in verdicts if {each.faster, each.slower} <= best.keys()]
    return [*equal, *(each for each in bests if each not in equal)]


def sentences(
    verdicts: Sequence[Verdict], bests: Sequence[Verdict], best: Mapping[str, str], threads: int
) -> Iterator[Sentence]:
    """Yield the sentence of each of `told`, and of which threads it is."""
    for each in told(verdicts, bests, best):
        if len(best) < 2:
            yield each.sentence
        elif {each.faster, each.slower} <= best.keys():
            phrase = _BOTH if each in bests else _EQUAL
            yield english(phrase, threads=threads, what=each.sentence)
        else:
            yield english(_BEST, what=each.sentence)
