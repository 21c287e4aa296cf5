"""The available workloads, as a table for people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.language.phrases import Phrase, say, stored
from orchestrator.reports.grid import Grid, Row, columns, row
from orchestrator.settings.workloads import Preset

_COLUMNS = (
    Phrase("Workload"),
    Phrase("Data"),
    Phrase("Layers"),
    Phrase("Optimizer"),
    Phrase("What it is"),
)


def table(presets: Sequence[Preset]) -> Grid:
    """Return the contents of each."""
    return Grid(columns(*_COLUMNS, numeric=False), list(map(_row, presets)))


def _row(preset: Preset) -> Row:
    spec = preset.spec
    values = [
        spec["dataset"]["name"],
        ", ".join(_layers(spec["layers"])),
        next(name for name in spec["optimizer"] if name != "learning_rate"),
        say(stored(preset.description)),
    ]
    return row(preset.name, values)


def _layers(layers: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """Yield layers: ``dense 128`` and so on."""
    for layer in layers:
        ((name, fields),) = layer.items()
        if "function" in fields:
            yield fields["function"].rpartition("_")[2].lower()
        else:
            size = fields.get("units", fields.get("filters"))
            yield f"{name} {size}" if size else name
