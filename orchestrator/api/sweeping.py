"""The function that runs a grid of comparisons."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.actions.sweeps import train
from orchestrator.api.asked import job_of, names_of, plan_of, raise_with_place, running, sides_of
from orchestrator.api.functions import record
from orchestrator.api.keywords import with_lists
from orchestrator.api.progress import Progress
from orchestrator.api.result import Record
from orchestrator.api.words import in_words_of_python
from orchestrator.frameworks import usual
from orchestrator.settings import config
from orchestrator.settings import grid as grids
from orchestrator.settings import sides as named
from orchestrator.settings.job import FLAGS
from orchestrator.storage import shelf
from orchestrator.trials.sides import twice


@with_lists
@in_words_of_python()
def sweep(
    workload: str | Path | None = None,
    *,
    axes: Mapping[str, Sequence[Any]] | None = None,
    changes: Mapping[str, Any] | None = None,
    frameworks: str | Sequence[str] = usual(),
    side: str | Sequence[str] = (),
    baseline: str | None = None,
    repeats: int = 1,
    same_seed: bool = False,
    until_sure: bool = False,
    precision_target: str = "2%",
    max_minutes: float = 30.0,
    margin: float | None = None,
    aa: str | None = None,
    verify: bool = True,
    resume: str | Path | None = None,
    output: str | Path = "runs",
    label: str = "",
    progress: Progress = False,
    **given: Any,
) -> Record:
    """Compare the frameworks at every combination of several values, as ``orchestrator sweep``.

    Keywords as of `compare`; flags of a job that are numbers or one of a few names may be lists:
    ``batch_size=[16, 64, 256]``. ``axes``: lists of values of other fields of the job spec, such as
    ``{"optimizer.learning_rate": [0.1, 0.01]}``. The cells are `Record.comparisons`. ``resume``: go
    on with that run; what it is to run is known, so other keywords but the addresses are not read.

    Raises OrchestratorError, and what has finished is kept, as by `compare`.
    """
    if resume is not None:
        run = shelf.find(str(resume), Path(output))
        names = tuple(train.resumable(run).sides)
        with running(progress, None, names, given, run.spec().epochs) as (runners, display):
            outcome = train.resume(run, runners, display)
    else:
        several = {
            name: value for name, value in given.items() if name in FLAGS and _is_list(name, value)
        }
        job = job_of(workload, {name: v for name, v in given.items() if name not in several})
        grid = grids.of_values(job, several, axes or {}, changes or {})
        every = grid.jobs(job.workload)
        spec = next(iter(every.values()))
        compared = sides_of(side, names_of(frameworks), spec)
        if aa:
            named.refuse_both("--aa", given=bool(side))
            compared = twice(*config.frameworks(aa)[:1])
        grids.check_sides(grid, compared)
        names = tuple(side.name for side in compared)
        request = train.SweepRequest(
            workload=job.title,
            grid=grid,
            jobs=every,
            sides=compared,
            output=Path(output),
            baseline=named.baseline(baseline, compared, spec),
            label=label,
            certify=verify,
            plan=plan_of(
                repeats=repeats,
                same_seed=same_seed,
                until_sure=until_sure,
                precision_target=precision_target,
                max_minutes=max_minutes,
                margin=margin,
            ),
        )
        epochs = max(spec.epochs for spec in request.jobs.values())
        with running(progress, job.workload, names, given, epochs) as (runners, display):
            outcome = train.sweep(request, runners, display)
    raise_with_place(outcome.run, [outcome])
    return record(outcome.run)


def _is_list(name: str, value: object) -> bool:
    """Return whether a flag has several values; a ``code`` is a list of its own."""
    return name != "code" and not isinstance(value, str) and hasattr(value, "__iter__")
