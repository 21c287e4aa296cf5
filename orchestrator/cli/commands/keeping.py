"""Commands on previous runs."""

import os
import sys
import webbrowser
from typing import Annotated

import typer

from orchestrator.actions import compare, remake
from orchestrator.cli import completion
from orchestrator.cli.options import ShownOptions
from orchestrator.cli.output import print_json, print_report, to_stderr
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import KEPT, OF
from orchestrator.reports import comparison as comparison_report
from orchestrator.reports import difference
from orchestrator.reports import history as history_report
from orchestrator.reports.writers.terminal import console
from orchestrator.results import difference as differences
from orchestrator.results import history
from orchestrator.results.comparison_file import as_dict
from orchestrator.storage import shelf

_NO_RUNS = Phrase("There are no runs in {output}.")
_MORE = Phrase("{listed} of {found} runs; --number shows more.")
_SAY_YES = Phrase("Deleting is for good: say --yes where nobody can be asked.")
_DELETE = Phrase("Delete {runs}?")
_NOTHING = Phrase("Nothing was deleted.")
_DELETED = Phrase("deleted {path}")
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A path, a name in the output directory, or 'latest'.",
        autocompletion=completion.runs,
    ),
]


def runs(
    shown: ShownOptions,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="The newest so many.")] = 20,
) -> None:
    """List the runs that there are, newest first.

    Example: orchestrator runs --json --number 1000
    """
    found = shelf.runs(shown.output)
    listed = history.entries(found[: -number - 1 : -1])
    if shown.as_json:
        print_json(history.as_dicts(listed))
    else:
        for line in history_report.lines(listed, console().width):
            typer.echo(line)
    if not found:
        to_stderr(say(_NO_RUNS, output=shown.output))
    elif len(found) > len(listed) and not shown.quiet:
        to_stderr(say(_MORE, listed=len(listed), found=len(found)))


def show(run: RunArgument, shown: ShownOptions) -> None:
    """Show what a run came to, from what it keeps.

    Example: orchestrator show latest
    """
    found = shelf.find(run, shown.output)
    if not found.trials():
        listed = history.entry(found)
        if shown.as_json:
            print_json(history.as_dicts([listed])[0])
        else:
            typer.echo(say(OF, name=listed.name, what=listed.finding))
        return
    comparison = compare.comparison_of(found)
    if shown.as_json:
        print_json(as_dict(comparison))
    else:
        print_report(comparison_report.report(comparison), plain_elsewhere=True)
    if not shown.quiet:
        to_stderr(say(KEPT, path=found.path))


def report(run: RunArgument, shown: ShownOptions) -> None:
    """Make a run's results, figures and page again from what it keeps.

    Runs of earlier versions too. Prints where the page is.

    Example: orchestrator report latest
    """
    found = shelf.find(run, shown.output)
    remake.remake(found)
    typer.echo(str(found.page_path))


def open(  # noqa: A001 - the command's name
    run: RunArgument, shown: ShownOptions
) -> None:
    """Open a run's page in the browser; made first where it is missing.

    Where there is no browser, only the page's path is printed.

    Example: orchestrator open latest
    """
    found = shelf.find(run, shown.output)
    if not found.page_path.exists():
        remake.remake(found)
    typer.echo(str(found.page_path))
    if _shows_windows():
        webbrowser.open(found.page_path.resolve().as_uri())


def _shows_windows() -> bool:
    """Return whether a browser opens windows; one in the terminal counts only by $BROWSER."""
    windows = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, windows))


def diff(first: RunArgument, second: RunArgument, shown: ShownOptions) -> None:
    """Hold two runs of the same job against each other: before and after, or two machines.

    Example: orchestrator diff 20261124T031339Z-mnist-mlp latest
    """
    runs_found = [shelf.find(name, shown.output) for name in (first, second)]
    found = differences.difference(*map(compare.comparison_of, runs_found))
    if shown.as_json:
        print_json(differences.as_dict(found))
        return
    for line in difference.lines(found):
        typer.echo(line)


def rm(
    names: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="As for 'show'.", autocompletion=completion.runs),
    ],
    shown: ShownOptions,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete runs with all that they keep: weights, events, figures.

    Example: orchestrator rm --yes 20261124T031339Z-mnist-mlp
    """
    found = {run.path: run for run in (shelf.find(name, shown.output) for name in names)}
    if not yes:
        if not sys.stdin.isatty():
            raise BadInput(english(_SAY_YES))
        listed = ", ".join(map(str, found))
        if not typer.confirm(say(_DELETE, runs=listed), err=True):
            raise BadInput(english(_NOTHING))
    for run in found.values():
        shelf.remove(run)
        if not shown.quiet:
            to_stderr(say(_DELETED, path=run.path))
