"""What a command leaves for a pipeline: flags, and the files that are written however it ends."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.errors import OrchestratorError
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.reports import checks, markdown
from orchestrator.reports.checks import Check, Result, junit, summary
from orchestrator.reports.grid import Part
from orchestrator.reports.writers.markdown import report
from orchestrator.results.comparison import Comparison
from orchestrator.storage.files import write_whole, writing

_PANEL = "For a pipeline"
_INTERRUPTED = Phrase("interrupted; what has finished is kept")
FailIfOption = Annotated[
    str | None,
    typer.Option(
        "--fail-if",
        metavar="CONDITION",
        help="Exit with code 8 if the whole interval says so, with code 9 if the measurements do "
        "not decide it: 'ratio > 1.05' (the other side's seconds of an epoch over the baseline's), "
        "'SIDE: ratio(peak_memory_bytes) > 1.2', 'difference < -0.5' (of the test metric); "
        "several with 'or' between. With --until-sure it also ends when that is decided.",
        rich_help_panel=_PANEL,
    ),
]
SlowerOption = Annotated[
    str | None,
    typer.Option(
        "--fail-if-slower",
        metavar="PERCENT",
        help="Exit with code 8 if the second run is slower by more than that with its whole "
        "interval, with code 9 if the measurements do not decide it.",
        rich_help_panel=_PANEL,
    ),
]


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """Files for a pipeline's page."""

    junit: Annotated[
        Path | None,
        typer.Option(
            "--junit",
            metavar="FILE",
            help="Also write what was checked as JUnit's XML, also if a check fails.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    summary: Annotated[
        Path | None,
        typer.Option(
            "--summary",
            metavar="FILE",
            help="Also append the result to FILE in Markdown, such as to $GITHUB_STEP_SUMMARY.",
            rich_help_panel=_PANEL,
        ),
    ] = None


@dataclass(slots=True)
class Told:
    """What a command has to tell a pipeline so far; ``documents``: Markdown."""

    checks: list[Check] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)

    def comparison(self, found: Comparison, title: str) -> None:
        """Tell a comparison; ``title``: its run's name."""
        self.checks += checks.of_comparison(found)
        self.properties |= {"run": title, "finding": say(found.finding)}
        self.warnings += checks.warnings(found)
        self.documents.append(markdown.text(found, title))

    def parts(self, found: Iterable[Part]) -> None:
        """Tell a report."""
        self.documents.append(report(found))

    def lines(self, found: Sequence[str]) -> None:
        """Tell lines of plain text."""
        self.documents.append("\n".join(["```text", *found, "```"]))


@contextmanager
def reported(files: PipelineOptions, suite: str) -> Iterator[Told]:
    """Yield what a block fills; the files are written however it ends.

    ``suite``: the command and what it is about. Raises OutputError before the block if a file's
    folder cannot be made, after it if a file cannot be written.
    """
    for path in filter(None, (files.junit, files.summary)):
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
    told = Told()
    try:
        yield told
    except OrchestratorError as error:
        _end(told, error.message)
        raise
    except KeyboardInterrupt:
        _end(told, english(_INTERRUPTED))
        raise
    finally:
        _write(files, suite, told)


def _end(told: Told, message: str) -> None:
    """Add what ended the command, unless a check says so."""
    if all(each.result is Result.PASSED for each in told.checks):
        told.checks.append(checks.of_error(message))


def _write(files: PipelineOptions, suite: str, told: Told) -> None:
    if files.junit is not None:
        content = junit.document(suite, told.checks, told.properties, told.warnings)
        write_whole(files.junit, content)
    if files.summary is not None:
        with writing(files.summary), files.summary.open("a", encoding="utf-8") as file:
            file.write(summary.text(suite, told.checks, told.documents))
