"""Recipes or loops -> a table, one variant below the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import OF, number, percent
from orchestrator.reports.comparison import sentences
from orchestrator.reports.grid import BLANK, QUANTITY, UNKNOWN, Grid, Part, Row, Said, of_sides, row
from orchestrator.results.comparison import Comparison
from orchestrator.results.variants import Loops, Times, Variants

_SECONDS = Phrase("Seconds of an epoch")
_WAITING = Phrase("  of which waiting for data")
_RECIPES = {"matched": Phrase("matched"), "idiomatic": Phrase("idiomatic")}
_SHOWN: Mapping[Phrase, Callable[[Times], str]] = {
    Phrase("training"): lambda times: f"{number(times.train_seconds)} s",
    _WAITING: lambda times: (
        UNKNOWN if times.wait_seconds is None else f"{number(times.wait_seconds)} s"
    ),
    Phrase("test accuracy"): lambda times: percent(times.test_accuracy),
}
_LOOPS = {
    "fit": Phrase("its own loop"),
    "custom": Phrase("a hand-written loop"),
    "fit-eager": Phrase("its own loop, op by op"),
    "custom-eager": Phrase("a hand-written loop, op by op"),
}


def report(found: Variants, compared: Sequence[Comparison]) -> Iterator[Part]:
    """Yield the table, the results of the comparisons, and their common result."""
    yield from (table(found), BLANK)
    loops = isinstance(found, Loops)
    each = [[say(one.finding)] if loops else sentences(one) for one in compared]
    yield from map(Said, dict.fromkeys(text for texts in each for text in texts))
    yield from (Said(say(sentence)) for sentence in found.sentences)


def table(found: Variants) -> Grid:
    """Return one or more rows for each variant, for sides that have a finished trial of any."""
    by_variant = found.epoch_seconds if isinstance(found, Loops) else found.times
    names = list(dict.fromkeys(name for by_side in by_variant.values() for name in by_side))
    return Grid(
        of_sides(_SECONDS if isinstance(found, Loops) else QUANTITY, names), _rows(found, names)
    )


def _rows(found: Variants, names: Sequence[str]) -> list[Row]:
    if isinstance(found, Loops):
        return [
            row(
                say(_LOOPS[variant]),
                [number(by_side[each]) if each in by_side else UNKNOWN for each in names],
            )
            for variant, by_side in found.epoch_seconds.items()
        ]
    return [
        row(
            say(name)
            if name == _WAITING
            else say(OF, name=english(_RECIPES[recipe]), what=english(name)),
            [written(by_side[each]) if each in by_side else UNKNOWN for each in names],
        )
        for recipe, by_side in found.times.items()
        for name, written in _SHOWN.items()
    ]
