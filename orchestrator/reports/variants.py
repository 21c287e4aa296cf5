"""Recipes or loops -> a table, one variant below the other."""

from collections.abc import Callable, Mapping

from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import OF, label, number, percent
from orchestrator.reports.plain import Table
from orchestrator.reports.rows import UNKNOWN, Row
from orchestrator.results.variants import Loops, Recipes, Times

SECONDS = Phrase("Seconds of an epoch")
_WAITING = Phrase("  of it waiting for data")
_RECIPES = {"matched": Phrase("matched"), "idiomatic": Phrase("idiomatic")}
_SHOWN: Mapping[Phrase, Callable[[Times], str]] = {
    Phrase("training"): lambda times: f"{number(times.train_seconds)} s",
    _WAITING: lambda times: f"{number(times.wait_seconds)} s",
    Phrase("test accuracy"): lambda times: percent(times.test_accuracy),
}
_LOOPS = {
    "fit": Phrase("its own loop"),
    "custom": Phrase("a loop of one's own"),
    "fit-eager": Phrase("its own loop, op by op"),
    "custom-eager": Phrase("a loop of one's own, op by op"),
}


def table(found: Recipes | Loops) -> Table:
    """Prints on a `rich.console.Console`."""
    made = Table(header_style="bold", box=None, pad_edge=False)
    made.add_column(say(SECONDS) if isinstance(found, Loops) else "", overflow="fold")
    for name in sides(found):
        made.add_column(label(name), justify="right", overflow="fold")
    for row in rows(found):
        made.add_row(row.name, *row.values)
    return made


def sides(found: Recipes | Loops) -> list[str]:
    """That have a finished trial of any variant."""
    by_variant = found.epoch_seconds if isinstance(found, Loops) else found.times
    return list(dict.fromkeys(name for by_side in by_variant.values() for name in by_side))


def rows(found: Recipes | Loops) -> list[Row]:
    """One or more for each variant."""
    names = sides(found)
    if isinstance(found, Loops):
        return [
            Row(
                say(_LOOPS[variant]),
                [number(by_side[each]) if each in by_side else UNKNOWN for each in names],
            )
            for variant, by_side in found.epoch_seconds.items()
        ]
    return [
        Row(
            say(name)
            if name == _WAITING
            else say(OF, name=english(_RECIPES[recipe]), what=english(name)),
            [written(by_side[each]) if each in by_side else UNKNOWN for each in names],
        )
        for recipe, by_side in found.times.items()
        for name, written in _SHOWN.items()
    ]
