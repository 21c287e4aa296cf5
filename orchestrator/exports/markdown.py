"""Markdown: ``result.md``, the result ready to paste into an issue or a README."""

from pathlib import Path

from orchestrator.exports import Result
from orchestrator.reports.markdown import text


def write(result: Result, folder: Path) -> None:
    document = text(result.comparison, f"{result.workload}: {result.name}")
    (folder / "result.md").write_text(document, encoding="utf-8")
