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
    """Yield layers: ``dense 128`` and so on; those that another holds are in brackets."""
    for layer in layers:
        ((name, fields),) = layer.items()
        match name:
            case "residual":
                shortcut = fields.get("shortcut", [])
                ways = [fields["layers"], *([shortcut] if shortcut else [])]
                yield f"residual ({_beside(ways)})"
            case "concat":
                yield f"concat ({_beside([each.get('layers', []) for each in fields['branches']])})"
            case "repeat":
                yield f"{fields['times']} x ({_beside([fields['layers']])})"
            case "activation":
                yield fields["function"].rpartition("_")[2].lower()
            case _:
                size = fields.get("units", fields.get("filters"))
                yield f"{name} {size}" if size else name


def _beside(ways: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    return " | ".join(", ".join(_layers(way)) or "input" for way in ways)
