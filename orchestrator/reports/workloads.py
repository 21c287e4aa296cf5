"""What workloads there are, for people: a table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box

from orchestrator.language.phrases import Phrase, say, stored
from orchestrator.reports.plain import Table
from orchestrator.settings.workloads import Preset

_COLUMNS = (
    Phrase("Data"),
    Phrase("Layers"),
    Phrase("Optimizer"),
    Phrase("What it is"),
)


def table(presets: Sequence[Preset]) -> Table:
    """Prints on a `rich.console.Console`."""
    made = Table(header_style="bold", box=box.SIMPLE)
    made.add_column("", no_wrap=True)
    for column in _COLUMNS:
        made.add_column(say(column), overflow="fold")
    for preset in presets:
        spec = preset.spec
        made.add_row(
            preset.name,
            spec["dataset"]["name"],
            ", ".join(_layers(spec["layers"])),
            next(name for name in spec["optimizer"] if name != "learning_rate"),
            say(stored(preset.description)),
        )
    return made


def _layers(layers: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """``dense 128`` and the like."""
    for layer in layers:
        ((name, fields),) = layer.items()
        if "function" in fields:
            yield fields["function"].rpartition("_")[2].lower()
        else:
            size = fields.get("units", fields.get("filters"))
            yield f"{name} {size}" if size else name
