"""The functions that run a grid of comparisons, and that go on with what was begun."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.actions.cluster import together
from orchestrator.actions.cluster import train as clusters
from orchestrator.actions.cluster.sources import asked, named_over
from orchestrator.actions.sweeps import train
from orchestrator.actions.sweeps.request import SweepRequest
from orchestrator.api.asked import (
    addresses_in,
    job_of,
    names_of,
    places_of,
    plan_of,
    raise_with_place,
    running,
    showing,
    sides_of,
)
from orchestrator.api.functions import record
from orchestrator.api.keywords import with_addresses, with_lists
from orchestrator.api.progress import Progress
from orchestrator.api.result import Record, Result
from orchestrator.api.words import in_words_of_python
from orchestrator.frameworks import usual
from orchestrator.settings import config
from orchestrator.settings import grid as grids
from orchestrator.settings import sides as named
from orchestrator.settings.job import FLAGS
from orchestrator.storage import clustering, shelf
from orchestrator.storage.about import Kind
from orchestrator.trials.sides import runners_of, twice


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
    cluster: str | Path | None = None,
    exclusive: str = "machine",
    over: str | Path | None = None,
    output: str | Path = "runs",
    label: str = "",
    progress: Progress = False,
    **given: Any,
) -> Record:
    """Compare the frameworks at every combination of several values, as ``orchestrator sweep``.

    Keywords as of `compare`; flags of a job that are numbers or one of a few names may be lists:
    ``batch_size=[16, 64, 256]``. ``axes``: lists of values of other fields of the job spec, such as
    ``{"optimizer.learning_rate": [0.1, 0.01]}``. The cells are `Record.comparisons`. ``cluster``
    and ``exclusive`` correspond to ``--cluster`` and ``--exclusive``: blocks of all cells run on
    several machines; ``over`` as of `compare`.

    Raises OrchestratorError, and what has finished is kept, as by `compare`: `resume` goes on.
    """
    machines = asked(None if cluster is None else str(cluster), exclusive)
    if machines is not None:
        clusters.check(addresses_in(given))
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
    if over is not None:
        flags = {**addresses_in(given), "--cluster": cluster is not None}
        together.check(flags, compared, every.values())
    names = tuple(side.name for side in compared)
    request = SweepRequest(
        workload=job.title,
        grid=grid,
        jobs=every,
        sides=compared,
        output=Path(output),
        baseline=named.baseline(baseline, compared, spec),
        label=label,
        certify=verify,
        over=named_over(over),
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
    if machines is not None:
        with showing(progress, job.workload, names, epochs) as display:
            outcome = train.sweep_over(request, machines, display)
    else:
        asked_for = progress, job.workload, names, given, epochs
        needed = runners_of(request.sides)
        with running(*asked_for, over=request.over, names=needed) as (runners, display):
            outcome = train.sweep(request, runners, display)
    raise_with_place(outcome.run, [outcome])
    return record(outcome.run)


@with_addresses
@in_words_of_python()
def resume(
    run: str | Path = shelf.LATEST,
    output: str | Path = "runs",
    *,
    cluster: str | Path | None = None,
    progress: Progress = False,
    **given: Any,
) -> Result | Record:
    """Go on with a sweep, or a comparison on several machines, as ``orchestrator resume``.

    ``run``: its path, its name in ``output``, or ``latest``. What it is to run is known;
    ``cluster`` names the machines if they are not where they were. A sweep on one machine takes
    addresses of runners as `compare` does. A sweep returns a `Record`, a comparison a `Result`.

    Raises OrchestratorError, and what has finished is kept.
    """
    stored = shelf.find(str(run), Path(output))
    named = None if cluster is None else str(cluster)
    if stored.about().kind is not Kind.SWEEP:
        what, _ = clusters.resumable(stored)
        clusters.check(addresses_in(given))
        with showing(progress, None, tuple(what.sides), stored.spec().epochs) as display:
            compared = clusters.resume(stored, named, display)
        raise_with_place(stored, [compared])
        return Result(stored.path, compared.comparison)
    names, epochs = tuple(train.resumable(stored).sides), stored.spec().epochs
    if named is not None or clustering.plan_of(stored) is not None:
        clusters.check(addresses_in(given))
        with showing(progress, None, names, epochs) as display:
            outcome = train.resume_over(stored, named, display)
    else:
        with (
            showing(progress, None, names, epochs) as display,
            train.runners_for(stored, places_of(given), display.say) as runners,
        ):
            outcome = train.resume(stored, runners, display)
    raise_with_place(stored, [outcome])
    return record(stored)


def _is_list(name: str, value: object) -> bool:
    """Return whether a flag has several values; a ``code`` is a list of its own."""
    return name != "code" and not isinstance(value, str) and hasattr(value, "__iter__")
