"""Recipes -> a table, one recipe below the other."""

from collections.abc import Callable, Mapping

from rich.table import Table

from orchestrator.recipes import Recipes, Times
from orchestrator.rows import UNKNOWN
from orchestrator.words import label, number, percent


def recipes_table(found: Recipes) -> Table:
    """The two recipes, one below the other."""
    frameworks = list(dict.fromkeys(name for times in found.times.values() for name in times))
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for name in frameworks:
        table.add_column(label(name), justify="right")
    shown: Mapping[str, Callable[[Times], str]] = {
        "training": lambda times: f"{number(times.train_seconds)} s",
        "  of it waiting for data": lambda times: f"{number(times.wait_seconds)} s",
        "test accuracy": lambda times: percent(times.test_accuracy),
    }
    for recipe, by_name in found.times.items():
        for name, written in shown.items():
            cells = [written(by_name[f]) if f in by_name else UNKNOWN for f in frameworks]
            table.add_row(f"{recipe}: {name}" if not name.startswith(" ") else name, *cells)
    return table
