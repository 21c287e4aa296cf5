"""Finds the texts that are translated but not marked as phrases, which Babel does not see."""

from collections.abc import Iterator
from typing import Any

from orchestrator.cli.help import texts
from orchestrator.cli.main import group
from orchestrator.language.phrases import Phrase
from orchestrator.settings import workloads


def unmarked() -> set[Phrase]:
    """Return the texts of ``--help``, some of which are docstrings, and presets' descriptions."""
    described = {Phrase(preset.description) for preset in workloads.presets()}
    return described | {text for _, _, text in texts(group())}


def extract(*_: Any, **_options: Any) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield them in Babel's form."""
    return ((1, "", text, []) for text in sorted(unmarked()))
