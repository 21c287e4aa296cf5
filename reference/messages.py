"""Finds the texts that are translated and not marked as phrases: Babel does not see them."""

from collections.abc import Iterator
from typing import Any

from orchestrator import workloads
from orchestrator.cli import group
from orchestrator.help import texts
from orchestrator.language import Phrase


def unmarked() -> set[Phrase]:
    """Return those of ``--help``, some of which are docstrings, and the presets' descriptions."""
    described = {Phrase(preset.description) for preset in workloads.presets()}
    return described | {text for _, _, text in texts(group())}


def extract(*_: Any, **_options: Any) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield them as Babel wants them."""
    return ((1, "", text, []) for text in sorted(unmarked()))
