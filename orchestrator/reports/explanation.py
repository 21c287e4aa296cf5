"""An explanation -> tables, and a paragraph for a pitfall."""

from collections.abc import Iterator, Sequence

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.columns import wrap
from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.language.words import OF, label, listed, number
from orchestrator.reports.grid import BLANK, UNKNOWN, Grid, Part, Said, columns, of_sides, row
from orchestrator.reports.grid import Row as Line
from orchestrator.results.explanation import Row
from orchestrator.results.pitfalls import Pitfall

_MATCHED = Phrase("nothing")
_MEANING = Phrase(
    "Losses part: by more than 0.1 %. Accuracy: {second}'s less {first}'s. Time: {second}'s over "
    "{first}'s."
)
_NEVER = Phrase("never")
_STEP = Phrase("step {step:,}")
_LET_IN, _DIFFERENCE = Phrase("Let in"), Phrase("What it is")
_HEADINGS = (Phrase("losses part"), Phrase("accuracy"), Phrase("time"))
_POINTS = Phrase("{points:+.2f} points")
_SOURCE = Phrase("Source: {source}")


def report(rows: Sequence[Row]) -> Iterator[Part]:
    """Yield the effect of each difference on the comparison, and each framework's own way."""
    yield from (differences(rows), Said(meaning(rows)), BLANK, own_ways(rows))


def differences(rows: Sequence[Row]) -> Grid:
    """Return each difference, and its effect."""
    return Grid(columns(_LET_IN, *_HEADINGS), list(map(_difference, rows)))


def _difference(found: Row) -> Line:
    name = found.pitfall.title if found.pitfall else _MATCHED
    values = [
        say(_NEVER) if found.parts_at is None else say(_STEP, step=found.parts_at),
        say(_POINTS, points=100 * found.accuracy_difference),
        number(found.time_ratio),
    ]
    return row(say(name), values)


def own_ways(rows: Sequence[Row], *, why: bool = False) -> Grid:
    """Return each framework's own way, and ``why`` it matters."""
    names = list(rows[0].seconds)
    lines = [
        row(
            say(pitfall.title),
            [*_own_ways(pitfall, names), *([say(pitfall.paragraph)] if why else [])],
        )
        for each in rows
        if (pitfall := each.pitfall)
    ]
    heads = of_sides(_LET_IN, names, numeric=False)
    return Grid([*heads, *(columns(_DIFFERENCE) if why else [])], lines)


def pair(rows: Sequence[Row]) -> Sentence:
    """Return the names of the two."""
    return listed([label(name) for name in rows[0].seconds])


def meaning(rows: Sequence[Row]) -> str:
    """Explain the headings of `differences`."""
    first, second = (label(name) for name in rows[0].seconds)
    return say(_MEANING, first=first, second=second)


def _own_ways(pitfall: Pitfall, frameworks: Sequence[str]) -> list[str]:
    return [UNKNOWN if does is None else say(does) for does in map(pitfall.does, frameworks)]


def paragraph(pitfall: Pitfall, width: int = 80) -> str:
    """Describe it, each framework's behaviour, and the source."""
    does = [
        say(OF, name=label(name), what=english(does))
        for name in FRAMEWORKS
        if (does := pitfall.does(name))
    ]
    text = wrap(say(pitfall.paragraph), width)
    source = wrap(say(_SOURCE, source=pitfall.source), width, break_on_hyphens=False)
    return "\n".join([say(pitfall.title), *does, "", *text, "", *source])
