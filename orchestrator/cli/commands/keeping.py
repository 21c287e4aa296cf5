"""Commands on previous runs."""

import os
import sys
import webbrowser
from datetime import UTC, datetime
from typing import Annotated

import typer

from orchestrator.actions import remake
from orchestrator.actions.request import kept
from orchestrator.actions.shown import only_comparison
from orchestrator.actions.shown import shown as shown_of
from orchestrator.cli import completion
from orchestrator.cli.options import ShownOptions
from orchestrator.cli.output import print_json, print_report, to_stderr
from orchestrator.cli.pipeline import PipelineOptions, SlowerOption, reported
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import OF
from orchestrator.reports import checks, difference
from orchestrator.reports import history as history_report
from orchestrator.reports.writers.terminal import console
from orchestrator.results import difference as differences
from orchestrator.results import history
from orchestrator.results.limits import slower
from orchestrator.results.limits.judging import raise_for
from orchestrator.settings import config
from orchestrator.storage import about, shelf
from orchestrator.trials.mappings.stored import as_json

_NO_RUNS = Phrase("There are no runs in {output}.")
_MORE = Phrase("{listed} of {found} runs; --number shows more.")
_SAY_YES = Phrase("Deletion is permanent: pass --yes if there is no terminal to confirm it.")
_DELETE = Phrase("Delete {runs}?")
_NOTHING = Phrase("Nothing deleted.")
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
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, help="How many runs to list, newest first.")
    ] = 20,
    workload: Annotated[
        str | None,
        typer.Option("--workload", "-w", help="Only runs of this workload."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only runs since then: 2026-11-20 (UTC), or 3d, 12h, 30m ago."
        ),
    ] = None,
    sort: Annotated[
        history.Sort, typer.Option(help="time: newest first; ratio: greatest first.")
    ] = history.Sort.TIME,
) -> None:
    """List runs, newest first, with what became of each and how it differs from others.

    Example: orchestrator runs --workload mnist-mlp --since 7d --sort ratio
    """
    stored = shelf.runs(shown.output)
    start = config.since(since, datetime.now(UTC)) if since else None
    fitting = history.fitting(stored, workload, start)
    listed = history.arranged(fitting, sort, number)
    if shown.as_json:
        print_json(history.as_dicts(listed))
    else:
        for line in history_report.lines(listed, console().width):
            typer.echo(line)
    if not stored:
        to_stderr(say(_NO_RUNS, output=shown.output))
    elif len(fitting) > len(listed) and not shown.quiet:
        to_stderr(say(_MORE, listed=len(listed), found=len(fitting)))


def note(
    run: RunArgument,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="Your own words for it; '' removes them.")
    ],
    shown: ShownOptions,
) -> None:
    """Label a run, as --label does when it is made; 'orchestrator runs' shows the label.

    Example: orchestrator note latest "with the new driver"
    """
    stored = shelf.find(run, shown.output)
    about.change(stored.path, label=text)
    if not shown.quiet:
        to_stderr(say(OF, name=stored.path.name, what=text))


def show(run: RunArgument, shown: ShownOptions) -> None:
    """Show the results of a run.

    Example: orchestrator show latest
    """
    stored = shelf.find(run, shown.output)
    result = shown_of(stored)
    if result is None:
        listed = history.entry(stored)
        if shown.as_json:
            print_json(history.as_dicts([listed])[0])
        else:
            typer.echo(say(OF, name=listed.name, what=listed.finding))
        return
    if shown.as_json:
        print_json(result.mapping)
    else:
        print_report(result.parts(), plain_elsewhere=True)
    if not shown.quiet:
        to_stderr(kept(stored))


def report(run: RunArgument, shown: ShownOptions) -> None:
    """Regenerate a run's results, figures and page from its data.

    Also works for runs of earlier versions. Prints the path of the page.

    Example: orchestrator report latest
    """
    stored = shelf.find(run, shown.output)
    remake.remake(stored)
    typer.echo(str(stored.page_path))


def open(  # noqa: A001 - the command's name
    run: RunArgument, shown: ShownOptions
) -> None:
    """Open a run's page in the browser; it is created first if missing.

    If there is no browser, only the page's path is printed.

    Example: orchestrator open latest
    """
    stored = shelf.find(run, shown.output)
    if not stored.page_path.exists():
        remake.remake(stored)
    typer.echo(str(stored.page_path))
    if _shows_windows():
        webbrowser.open(stored.page_path.resolve().as_uri())


def _shows_windows() -> bool:
    """Return whether a browser opens windows; one in the terminal counts only by $BROWSER."""
    windows = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, windows))


def diff(
    first: RunArgument,
    second: RunArgument,
    shown: ShownOptions,
    pipeline: PipelineOptions,
    *,
    fail_if_slower: SlowerOption = None,
) -> None:
    """Compare two runs: before and after an upgrade, on two machines, or of two specs.

    What differs of the jobs on purpose is listed; machines that differ are named first.

    Example: orchestrator diff 20261124T031339Z-mnist-mlp latest
    """
    allowed = config.fraction("--fail-if-slower", fail_if_slower) if fail_if_slower else None
    with reported(pipeline, f"diff {first} {second}") as told:
        runs_found = [shelf.find(name, shown.output) for name in (first, second)]
        one, other = map(only_comparison, runs_found)
        hosts = (runs_found[0].about().host, runs_found[1].about().host)
        result = differences.difference(one, other, hosts)
        made = slower.decisions(result, one, other, allowed) if allowed is not None else []
        told.checks += checks.of_decisions(made)
        lines = [*(say(each.sentence) for each in made), *difference.lines(result)]
        told.lines(lines)
        if shown.as_json:
            print_json(differences.as_dict(result) | as_json({"decisions": made} if made else {}))
        else:
            for line in lines:
                typer.echo(line)
        raise_for(made)


def rm(
    names: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="As for 'show'.", autocompletion=completion.runs),
    ],
    shown: ShownOptions,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete runs with everything in them: weights, events, figures.

    Example: orchestrator rm --yes 20261124T031339Z-mnist-mlp
    """
    targets = {run.path: run for run in (shelf.find(name, shown.output) for name in names)}
    if not yes:
        if not sys.stdin.isatty():
            raise BadInput(english(_SAY_YES))
        listed = ", ".join(map(str, targets))
        if not typer.confirm(say(_DELETE, runs=listed), err=True):
            raise BadInput(english(_NOTHING))
    for run in targets.values():
        shelf.remove(run)
        if not shown.quiet:
            to_stderr(say(_DELETED, path=run.path))
