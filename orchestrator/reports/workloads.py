"""The available workloads -> lines: what each is, and below it its model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.language import columns
from orchestrator.language.phrases import say, stored
from orchestrator.settings.workloads import Preset

_INDENT, _GAP = "    ", "  "


def lines(presets: Sequence[Preset], width: int) -> Iterator[str]:
    """Yield lines of at most ``width`` columns, except for a name with its data."""
    named = max((len(preset.name) for preset in presets), default=0)
    for preset in presets:
        spec = preset.spec
        optimizer = next(name for name in spec["optimizer"] if name != "learning_rate")
        yield _GAP.join([preset.name.ljust(named), spec["dataset"]["name"], optimizer])
        for text in (", ".join(_layers(spec["layers"])), say(stored(preset.description))):
            yield from columns.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _layers(layers: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """Yield layers: ``dense 128`` and so on."""
    for layer in layers:
        ((name, fields),) = layer.items()
        if "function" in fields:
            yield fields["function"].rpartition("_")[2].lower()
        else:
            size = fields.get("units", fields.get("filters"))
            yield f"{name} {size}" if size else name
