"""Recipes -> a table, one recipe below the other."""

from collections.abc import Callable, Mapping

from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import OF, label, number, percent
from orchestrator.reports.plain import Table
from orchestrator.reports.rows import UNKNOWN, Row
from orchestrator.results.recipes import Recipes, Times

_WAITING = Phrase("  of it waiting for data")
_RECIPES = {"matched": Phrase("matched"), "idiomatic": Phrase("idiomatic")}


_SHOWN: Mapping[Phrase, Callable[[Times], str]] = {
    Phrase("training"): lambda times: f"{number(times.train_seconds)} s",
    _WAITING: lambda times: f"{number(times.wait_seconds)} s",
    Phrase("test accuracy"): lambda times: percent(times.test_accuracy),
}


def recipes_table(found: Recipes) -> Table:
    """Prints on a `rich.console.Console`."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("", overflow="fold")
    for name in frameworks(found):
        table.add_column(label(name), justify="right", overflow="fold")
    for row in recipes_rows(found):
        table.add_row(row.name, *row.values)
    return table


def frameworks(found: Recipes) -> list[str]:
    """That have a finished trial of either recipe."""
    return list(dict.fromkeys(name for times in found.times.values() for name in times))


def recipes_rows(found: Recipes) -> list[Row]:
    """The two recipes, one below the other."""
    return [
        Row(
            say(name)
            if name == _WAITING
            else say(OF, name=english(_RECIPES[recipe]), what=english(name)),
            [written(by_name[each]) if each in by_name else UNKNOWN for each in frameworks(found)],
        )
        for recipe, by_name in found.times.items()
        for name, written in _SHOWN.items()
    ]
