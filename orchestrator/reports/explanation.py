"""An explanation -> tables, and a paragraph for a pitfall."""

from collections.abc import Sequence

from rich.console import Group, RenderableType

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language import columns
from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.language.words import OF, label, listed, number
from orchestrator.reports.plain import Table
from orchestrator.reports.rows import UNKNOWN
from orchestrator.results.explanation import Row
from orchestrator.results.pitfalls import Pitfall

_MATCHED = Phrase("nothing")
_MEANING = Phrase(
    "Losses part: by more than 0.1 %. Accuracy: {second}'s less {first}'s. Time: {second}'s over "
    "{first}'s."
)
_NEVER = Phrase("never")
_STEP = Phrase("step {step:,}")
LET_IN = Phrase("Let in")
HEADINGS = (Phrase("losses part"), Phrase("accuracy"), Phrase("time"))
_POINTS = Phrase("{points:+.2f} points")
_SOURCE = Phrase("Source: {source}")


def report(rows: Sequence[Row]) -> RenderableType:
    """A line for each difference that was let in, and what each framework then does."""
    first, second = (label(name) for name in rows[0].seconds)
    made = Table(box=None, pad_edge=False, show_edge=False)
    made.add_column(say(LET_IN), overflow="fold")
    for heading in HEADINGS:
        made.add_column(say(heading), justify="right", overflow="fold")
    for each in differences(rows):
        made.add_row(*each)
    does = Table(box=None, pad_edge=False, show_edge=False)
    for title in ("", first, second):
        does.add_column(title, overflow="fold")
    for row in rows:
        if row.pitfall:
            does.add_row(say(row.pitfall.title), *own_ways(row.pitfall, list(row.seconds)))
    return Group(made, meaning(rows), "", does)


def differences(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """What was let in, and what it does, by `HEADINGS`."""
    return [
        (
            say(row.pitfall.title if row.pitfall else _MATCHED),
            say(_NEVER) if row.parts_at is None else say(_STEP, step=row.parts_at),
            say(_POINTS, points=100 * row.accuracy_difference),
            number(row.time_ratio),
        )
        for row in rows
    ]


def pair(rows: Sequence[Row]) -> Sentence:
    """The two, by name."""
    return listed([label(name) for name in rows[0].seconds])


def meaning(rows: Sequence[Row]) -> str:
    """Of the headings."""
    first, second = (label(name) for name in rows[0].seconds)
    return say(_MEANING, first=first, second=second)


def own_ways(pitfall: Pitfall, frameworks: Sequence[str]) -> list[str]:
    """What each framework does of its own."""
    return [UNKNOWN if does is None else say(does) for does in map(pitfall.does, frameworks)]


def paragraph(pitfall: Pitfall, width: int = 80) -> str:
    """What it is, what each framework does, and where that is written."""
    does = [
        say(OF, name=label(name), what=english(does))
        for name in FRAMEWORKS
        if (does := pitfall.does(name))
    ]
    text = columns.wrap(say(pitfall.paragraph), width)
    source = columns.wrap(say(_SOURCE, source=pitfall.source), width, break_on_hyphens=False)
    return "\n".join([say(pitfall.title), *does, "", *text, "", *source])
