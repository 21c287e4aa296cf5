"""Functions that show that it is the same job, and what happens if it is not."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.actions import explain as explaining
from orchestrator.actions import verify as proof
from orchestrator.actions.cluster import together
from orchestrator.actions.cluster.sources import named_over
from orchestrator.actions.request import Request
from orchestrator.api.asked import (
    addresses_in,
    job_of,
    names_of,
    raise_with_place,
    running,
    sides_of,
    spec_of,
)
from orchestrator.api.functions import record
from orchestrator.api.keywords import with_flags
from orchestrator.api.progress import Progress
from orchestrator.api.result import Record
from orchestrator.api.words import in_words_of_python
from orchestrator.frameworks import usual
from orchestrator.settings import by_devices
from orchestrator.settings import sides as named
from orchestrator.settings.job import one_of


@partial(with_flags, devices=int | str | None)
@in_words_of_python()
def verify(
    workload: str | Path | None = None,
    *,
    changes: Mapping[str, Any] | None = None,
    frameworks: str | Sequence[str] = usual(),
    side: str | Sequence[str] = (),
    baseline: str | None = None,
    steps: int | None = None,
    over: str | Path | None = None,
    output: str | Path = "runs",
    progress: Progress = False,
    **given: Any,
) -> Record:
    """Show that the frameworks do the same job, as ``orchestrator verify``: a certificate.

    One epoch in float64 by default. Keywords as of `compare`; ``steps``: only so many of each
    epoch; ``devices="1,2,4"``: each number of them is a side, compared with the first one; ``over``
    as of `compare`. Whether it was shown is ``to_dict()["same_job"]``. Raises OrchestratorError.
    """
    numbers = by_devices.counts(None if (n := given.get("devices")) is None else str(n))
    job = job_of(workload, {**given, **({"devices": numbers[0]} if numbers else {})})
    listed = names_of(frameworks, 1 if len(numbers) > 1 else 2)
    spec = spec_of(job, changes, {**proof.VERIFIED, "steps_per_epoch_limit": steps})
    compared = by_devices.each(numbers, sides_of(side, listed, spec), spec)
    first = named.baseline(baseline, compared, spec)
    request = Request(job.title, spec, compared, Path(output), first)
    proof.check(request)
    if over is not None:
        together.check(addresses_in(given), compared, [spec])
    source = named_over(over)
    asked = progress, job.workload, request.names, given, spec.epochs
    with running(*asked, over=source, names=request.runner_names) as (runners, display):
        run, _ = proof.verify(request, runners, display)
    return record(run)


@with_flags
@in_words_of_python()
def explain(
    workload: str | Path | None = None,
    *,
    pitfall: str | Sequence[str] | None = None,
    changes: Mapping[str, Any] | None = None,
    frameworks: str | Sequence[str] = usual(),
    side: str | Sequence[str] = (),
    baseline: str | None = None,
    output: str | Path = "runs",
    progress: Progress = False,
    repeats: int = 1,
    recipe: str = "matched",
    all_pairs: bool = False,
    **given: Any,
) -> Record:
    """Introduce one difference at a time into the same job, as ``orchestrator explain``.

    One epoch by default. Keywords as of `compare`; ``pitfall``: only the difference of that name,
    or those of several; ``repeats``: pairs of trials of each difference; ``recipe="both"``: run the
    idiomatic recipe too, and attribute its gap; ``all_pairs``: introduce each two at once too.
    Raises OrchestratorError, and what has finished is kept, as by `compare`.
    """
    job, listed = job_of(workload, given), names_of(frameworks, 2)
    asked = (pitfall,) if isinstance(pitfall, str) else pitfall or ()
    spec = spec_of(job, changes, {"epochs": 1})
    compared = named.explained(sides_of(side, listed, spec))
    names = tuple(each.name for each in compared)
    first = named.baseline(baseline, compared, spec)
    request = explaining.ExplanationRequest(
        *(job.title, spec, compared, Path(output), first),
        pitfalls=explaining.chosen(asked, spec.device, names),
        repeats=repeats,
        all_pairs=all_pairs,
        idiomatic=one_of("recipe", recipe, ("matched", "both")) == "both",
    )
    with running(progress, job.workload, names, given, spec.epochs) as (runners, display):
        outcome = explaining.run_explanation(request, runners, display)
    raise_with_place(outcome.run, [outcome])
    return record(outcome.run)
