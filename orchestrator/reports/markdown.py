"""A comparison -> Markdown: verdict, table, what it rests on, warnings, environments."""

from collections.abc import Iterator, Sequence

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, memory
from orchestrator.reports.comparison import caution_text, ratio_headings, sentences
from orchestrator.reports.rows import Row, with_ratios
from orchestrator.reports.table import table_rows
from orchestrator.reports.time_breakdown import why_rows
from orchestrator.results.comparison import Comparison

_WHY = Phrase("Why")
_WARNINGS = Phrase("Warnings")
_ENVIRONMENTS = Phrase("Environments")
_THREADS = Phrase("{threads} threads on {cpus} CPUs")
_ESCAPED = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|"})


def text(comparison: Comparison, title: str) -> str:
    """A whole document, with headings of the third level."""
    finding, *rest = sentences(comparison)
    parts = [f"### {_escaped(title)}", f"**{_escaped(finding)}**"]
    if rows := table_rows(comparison):
        parts.append(_table(comparison, rows))
    parts += [_escaped(sentence) for sentence in rest]
    if rows := why_rows(comparison):
        parts += [f"#### {say(_WHY)}", _table(comparison, rows)]
    if comparison.cautions:
        told = [f"`{c.code}` {_escaped(caution_text(c))}" for c in comparison.cautions]
        parts += [f"#### {say(_WARNINGS)}", _list(told)]
    if found := list(_environments(comparison)):
        parts += [f"#### {say(_ENVIRONMENTS)}", _list(found)]
    return "\n\n".join(parts) + "\n"


def _table(comparison: Comparison, rows: Sequence[Row]) -> str:
    headings, cells = with_ratios(rows, ratio_headings(comparison))
    names = [*map(label, comparison.trials), *headings]
    ruled = ["---", *("---:" for _ in names)]
    return "\n".join(
        f"| {' | '.join(line)} |"
        for line in [["", *map(_escaped, names)], ruled, *([*map(_escaped, c)] for c in cells)]
    )


def _environments(comparison: Comparison) -> Iterator[str]:
    for side, trials in comparison.trials.items():
        found = next((trial.environment for trial in trials if trial.environment), None)
        if found is not None:
            yield _escaped(", ".join(filter(None, _parts(side, found))))


def _parts(side: str, found: job_pb2.Environment) -> Iterator[str]:
    yield f"{label(side)} {found.framework_version}"
    yield f"Python {found.python_version}"
    yield found.platform
    yield found.cpu_model
    yield say(_THREADS, threads=found.threads, cpus=found.available_cpus)
    yield found.blas
    for gpu in found.accelerators:
        yield f"{gpu.name} ({memory(gpu.memory_bytes)})"
    if found.cuda_version:
        yield f"CUDA {found.cuda_version}"


def _list(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _escaped(written: str) -> str:
    """On one line, and taken at its word."""
    return " ".join(written.split()).translate(_ESCAPED)
