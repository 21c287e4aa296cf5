"""The command that follows a workload over many runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.actions.track import PAGE, run_track
from orchestrator.cli.options import ShownOptions
from orchestrator.cli.output import print_json, print_report, to_stderr
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import KEPT
from orchestrator.reports import track as report
from orchestrator.results import history
from orchestrator.results.quantities import EPOCH, quantities
from orchestrator.results.track import as_dict
from orchestrator.settings import config
from orchestrator.storage import shelf

_NO_QUANTITY = Phrase("--quantity: {name!r} is none that a run is tracked by: {known}.")
_LOWEST = 0.001  # a lower rate takes more random orders than anybody waits for
_RARE = Phrase("--rate is {text!r}; it must be at least 0.1%.")
_NO_RUN = Phrase("No run in {output} fits; 'orchestrator runs' lists what is there.")
FOLDER = "track"


def track(
    shown: ShownOptions,
    *,
    workload: Annotated[
        str | None,
        typer.Option("--workload", "-w", help="Only runs of this workload."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only runs since then: 2026-11-20 (UTC), or 90d, 12h, 30m ago."
        ),
    ] = None,
    quantity: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="What is tracked, by its name in comparison.json or an export."
        ),
    ] = EPOCH.name,
    rate: Annotated[
        str,
        typer.Option(
            metavar="PERCENT",
            help="How often a change is claimed in a series without one, at most.",
        ),
    ] = "1%",
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where figures and page are written; default: 'track' of the runs."
        ),
    ] = None,
) -> None:
    """Follow a workload over its runs, and find where it became slower or faster.

    Runs of another machine or of other settings are series of their own. The label of a run, such
    as a commit, is shown with it.

    Example: orchestrator track --workload mnist-mlp --since 90d
    """
    known = {each.name: each for each in quantities(None) if each.has_ratio}
    if quantity not in known:
        raise BadInput(english(_NO_QUANTITY, name=quantity, known=", ".join(known)))
    share = config.fraction("--rate", rate)
    if share < _LOWEST:
        raise BadInput(english(_RARE, text=rate))
    start = config.since(since, datetime.now(UTC)) if since else None
    runs = history.fitting(shelf.runs(shown.output), workload, start)
    if not runs:
        raise BadInput(english(_NO_RUN, output=shown.output))
    folder = into or shown.output / FOLDER
    found = run_track(runs, share, known[quantity], folder)
    for damage in found.damages:
        to_stderr(say(damage))
    if shown.as_json:
        print_json(as_dict(found))
    else:
        print_report(report.report(found))
    if not shown.quiet:
        to_stderr(say(KEPT, path=folder / PAGE))
