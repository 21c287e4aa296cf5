"""A comparison -> Markdown: verdict, table, evidence, warnings, environments."""

from collections.abc import Iterator

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import memory, with_version
from orchestrator.reports.comparison import CHANGED, WHY, caution_text, changed, sentences
from orchestrator.reports.table import note, table
from orchestrator.reports.time_breakdown import why
from orchestrator.reports.writers import markdown
from orchestrator.reports.writers.markdown import escaped, items
from orchestrator.results.comparison import Comparison

_WARNINGS = Phrase("Warnings")
_ENVIRONMENTS = Phrase("Environments")
_THREADS = Phrase("threads: {threads}, CPUs: {cpus}")


def text(comparison: Comparison, title: str) -> str:
    """Return a whole document, with headings of the third level."""
    finding, *rest = sentences(comparison)
    parts = [f"### {escaped(title)}", f"**{escaped(finding)}**"]
    if (numbers := table(comparison)).rows:
        parts.append(markdown.table(numbers))
    if (below := note(comparison)) is not None:
        parts.append(escaped(below))
    if comparison.changed:
        parts += [f"#### {say(CHANGED)}", markdown.table(changed(comparison))]
    parts += map(escaped, rest)
    if (times := why(comparison)).rows:
        parts += [f"#### {say(WHY)}", markdown.table(times)]
    if comparison.cautions:
        warnings = [f"`{c.code}` {escaped(caution_text(c))}" for c in comparison.cautions]
        parts += [f"#### {say(_WARNINGS)}", items(warnings)]
    if environments := list(_environments(comparison)):
        parts += [f"#### {say(_ENVIRONMENTS)}", items(environments)]
    return "\n\n".join(parts) + "\n"


def _environments(comparison: Comparison) -> Iterator[str]:
    for side, trials in comparison.trials.items():
        environment = next((trial.environment for trial in trials if trial.environment), None)
        if environment is not None:
            yield escaped(", ".join(filter(None, _parts(side, environment))))


def _parts(side: str, found: job_pb2.Environment) -> Iterator[str]:
    yield with_version(side, found.framework_version)
    yield f"Python {found.python_version}"
    yield found.platform
    yield found.cpu_model
    yield say(_THREADS, threads=found.threads, cpus=found.available_cpus)
    yield found.blas
    for gpu in found.accelerators:
        yield f"{gpu.name} ({memory(gpu.memory_bytes)})"
    if found.cuda_version:
        yield f"CUDA {found.cuda_version}"
