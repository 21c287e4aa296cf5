"""Several differences at once -> tables and sentences: a gap's parts, and what interacts."""

from collections.abc import Iterator, Sequence

from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import COMMA, label
from orchestrator.reports.explanation import signed, written
from orchestrator.reports.grid import BLANK, Cell, Column, Grid, Part, Said, columns, row
from orchestrator.results.habits.attribution import Attribution
from orchestrator.results.habits.explanation import Row
from orchestrator.results.habits.interactions import Interaction
from orchestrator.results.habits.together import Together
from orchestrator.trials.metrics import Metric

_PART, _TWO = Phrase("Part"), Phrase("Two at once")
_GAP, _SAME = Phrase("the idiomatic recipe"), Phrase("the same job")
_REST = Phrase("the rest, which none of them explains")
_WHENCE = Phrase(
    "Where the idiomatic recipe's gap comes from: {second}'s minus {first}'s, and what each "
    "difference alone moves it by, the largest first. The parts add up. Pairs of trials: {pairs}."
)
_BOTH, _SUM, _MORE = Phrase("both"), Phrase("the sum of each"), Phrase("beyond it")
_TIME_BOTH, _TIME_SUM, _TIMES = Phrase("time, both"), Phrase("the product"), Phrase("beyond it")
_INTERACT = Phrase("These interact, beyond their intervals: {names}.")
_NONE = Phrase("No two interact beyond their intervals.")
_TOO_FEW = Phrase("Too few pairs of trials for intervals: whether two interact is not shown.")
_AND = Phrase("{first} with {second}")


def report(rows: Sequence[Row], found: Together) -> Iterator[Part]:
    """Yield what there is: the gap's parts, and the table of each two."""
    metric = rows[0].metric
    if found.attribution:
        yield from (BLANK, gap(found.attribution, metric), Said(whence(rows, found.attribution)))
    if found.interactions:
        yield from (BLANK, twos(found.interactions, metric), Said(which(found.interactions)))


def gap(found: Attribution, metric: Metric) -> Grid:
    """Return the gap, and its parts."""
    how = signed(metric)
    amounts = [
        (_GAP, found.gap),
        (_SAME, found.matched),
        *((pitfall.title, amount) for pitfall, amount in found.moved),
        (_REST, found.rest),
    ]
    heads = [*columns(_PART), Column(Cell(say(metric.label)))]
    return Grid(heads, [row(say(name), [written(amount, how)]) for name, amount in amounts])


def whence(rows: Sequence[Row], found: Attribution) -> str:
    """Explain `gap`."""
    first, second = (label(name) for name in rows[0].seconds)
    return say(_WHENCE, first=first, second=second, pairs=found.gap.pairs)


def twos(found: Sequence[Interaction], metric: Metric) -> Grid:
    """Return what each two do, beside the sum and the product of what each does."""
    how = signed(metric)
    lines = [
        row(
            _name(each),
            [
                *(written(amount, how) for amount in (each.both, each.alone, each.more)),
                *(written(ratio) for ratio in (each.added, each.factor, each.times)),
            ],
        )
        for each in found
    ]
    return Grid(columns(_TWO, _BOTH, _SUM, _MORE, _TIME_BOTH, _TIME_SUM, _TIMES), lines)


def which(found: Sequence[Interaction]) -> str:
    """Name those that interact."""
    if all(each.times.low is None for each in found):
        return say(_TOO_FEW)
    names = [_name(each) for each in found if each.shown]
    return say(_INTERACT, names=join(COMMA, names)) if names else say(_NONE)


def _name(found: Interaction) -> str:
    return say(_AND, first=english(found.first.title), second=english(found.second.title))
