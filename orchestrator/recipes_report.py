"""Recipes -> a table, one recipe below the other."""

from collections.abc import Callable, Mapping

from rich.table import Table

from orchestrator.language import Phrase, english, say
from orchestrator.recipes import Recipes, Times
from orchestrator.rows import UNKNOWN
from orchestrator.words import OF, label, number, percent

_WAITING = Phrase("  of it waiting for data")
_RECIPES = {"matched": Phrase("matched"), "idiomatic": Phrase("idiomatic")}


def recipes_table(found: Recipes) -> Table:
    """The two recipes, one below the other."""
    frameworks = list(dict.fromkeys(name for times in found.times.values() for name in times))
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("", overflow="fold")
    for name in frameworks:
        table.add_column(label(name), justify="right", overflow="fold")
    shown: Mapping[Phrase, Callable[[Times], str]] = {
        Phrase("training"): lambda times: f"{number(times.train_seconds)} s",
        _WAITING: lambda times: f"{number(times.wait_seconds)} s",
        Phrase("test accuracy"): lambda times: percent(times.test_accuracy),
    }
    for recipe, by_name in found.times.items():
        for name, written in shown.items():
            cells = [written(by_name[f]) if f in by_name else UNKNOWN for f in frameworks]
            title = say(OF, name=english(_RECIPES[recipe]), what=english(name))
            table.add_row(say(name) if name == _WAITING else title, *cells)
    return table
