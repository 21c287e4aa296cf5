"""A model's summary -> a table, and each framework's own account."""

import itertools

from rich import box
from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.reports.plain import Table
from orchestrator.reports.rows import UNKNOWN
from orchestrator.results.summary import Summary, shape

_LAYER, _MAKES, _PARAMETERS = Phrase("Layer"), Phrase("makes"), Phrase("parameters")


def report(found: Summary) -> RenderableType:
    """Prints on a `rich.console.Console`."""
    table = Table(header_style="bold", box=box.SIMPLE, pad_edge=False)
    table.add_column(say(_LAYER), justify="right", overflow="fold")
    for name in found.models:
        table.add_column(label(name), overflow="fold")
        table.add_column(say(_MAKES), justify="right", overflow="fold")
        table.add_column(say(_PARAMETERS), justify="right", overflow="fold")
    rows = itertools.zip_longest(*(model.layers for model in found.models.values()))
    for index, layers in enumerate(rows):
        cells = [
            text
            for each in layers
            for text in (
                (each.kind, shape(each), f"{each.parameter_count:,}") if each else 3 * (UNKNOWN,)
            )
        ]
        table.add_row(str(index), *cells)
    parts: list[RenderableType] = [table, Text(say(found.sentence), style="bold")]
    for name, model in found.models.items():
        parts += [Text(), Text(label(name), style="bold"), Text(model.text)]
    return Group(*parts)
