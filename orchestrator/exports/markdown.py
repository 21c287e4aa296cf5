"""Markdown: ``result.md``, the result ready to paste into an issue or a README."""

from collections.abc import Iterable
from pathlib import Path

from orchestrator.exports import Result
from orchestrator.reports.grid import Part
from orchestrator.reports.markdown import text
from orchestrator.reports.writers.markdown import escaped, report


def write(result: Result, folder: Path) -> None:
    document = text(result.comparison, f"{result.workload}: {result.name}")
    _write(document, folder)


def write_report(title: str, parts: Iterable[Part], folder: Path) -> None:
    """Write the report of a run of any kind."""
    _write(f"### {escaped(title)}\n\n{report(parts)}\n", folder)


def _write(document: str, folder: Path) -> None:
    (folder / "result.md").write_text(document, encoding="utf-8")
