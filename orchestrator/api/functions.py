"""The API of ``import orchestrator``: the command line's names as functions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.actions import compare as comparing
from orchestrator.actions import threads, variants
from orchestrator.actions.cluster import together
from orchestrator.actions.cluster import train as clusters
from orchestrator.actions.cluster.sources import asked, named_over
from orchestrator.actions.compare import ComparisonRequest
from orchestrator.actions.finish import comparison_of
from orchestrator.actions.shown import shown
from orchestrator.api.asked import (
    addresses_in,
    job_of,
    names_of,
    places_of,
    plan_of,
    raise_with_place,
    showing,
    sides_of,
    spec_of,
)
from orchestrator.api.keywords import with_flags
from orchestrator.api.progress import Progress
from orchestrator.api.result import Record, Result
from orchestrator.api.words import in_words_of_python
from orchestrator.errors import BadInput
from orchestrator.frameworks import usual
from orchestrator.language.phrases import Phrase, english
from orchestrator.results import history
from orchestrator.results.limits.condition import conditions
from orchestrator.settings import config
from orchestrator.settings import sides as named
from orchestrator.storage import shelf
from orchestrator.storage.store import Run
from orchestrator.trials.sides import twice

_NO_TRIAL = Phrase("{path} has no result: no trial of it was started.")


@with_flags
@in_words_of_python()
def compare(
    workload: str | Path | None = None,
    *,
    changes: Mapping[str, Any] | None = None,
    frameworks: str | Sequence[str] = usual(),
    side: str | Sequence[str] = (),
    baseline: str | None = None,
    recipe: str = "matched",
    loop: str | None = None,
    repeats: int = 1,
    same_seed: bool = False,
    until_sure: bool = False,
    precision_target: str = "2%",
    max_minutes: float = 30.0,
    margin: float | None = None,
    aa: str | None = None,
    verify: bool = True,
    concurrent: bool = False,
    profile: bool = False,
    cluster: str | Path | None = None,
    exclusive: str = "machine",
    over: str | Path | None = None,
    fail_if: str | None = None,
    output: str | Path = "runs",
    label: str = "",
    progress: Progress = False,
    **given: Any,
) -> Result | Record:
    """Train the same job on each framework, and compare the results side by side.

    Names and defaults are those of ``orchestrator compare``, with all its flags of a job, such as
    ``epochs=5``; None means the workload's own value. ``changes`` corresponds to ``--set``: any
    field of the job spec by its dotted name, such as ``{"optimizer": {"sgd": {"momentum": 0.9},
    "learning_rate": 0.05}}``. ``side`` corresponds to ``--side``: ``["pytorch", "pytorch:
    execution=compiled"]``. ``threads="best"`` finds each side's own best number. ``fail_if``
    corresponds to ``--fail-if``, but raises nothing: what is decided is in `Result.decisions`.
    ``recipe="both"`` and ``loop="both"`` return a `Record`, everything else a `Result`.
    ``progress``: True shows bars in a notebook's cell and prints lines elsewhere, a function
    receives each line, False is quiet. A framework's name takes the address of its runner:
    ``pytorch="gpu-machine:50051"``; ``tls`` corresponds to ``--tls``. ``cluster`` corresponds to
    ``--cluster``: the file of several machines, or a cluster of Ray, and ``exclusive`` to
    ``--exclusive``; ``over`` to ``--over``: the machines that train each job together.

    The environment and twinrun.toml are ignored. Raises OrchestratorError; if a trial failed, or on
    KeyboardInterrupt, what has finished is kept, and the message says where.
    """
    plan = plan_of(
        repeats=repeats,
        same_seed=same_seed,
        until_sure=until_sure,
        precision_target=precision_target,
        max_minutes=max_minutes,
        margin=margin,
        fail_if=fail_if,
    )
    if best := given.get("threads") == threads.BEST:
        del given["threads"]
    job, names = job_of(workload, given), names_of(frameworks)
    spec = spec_of(job, {**(changes or {}), **variants.of_recipe(recipe)})
    kind = variants.asked(spec, recipe, loop)
    compared = sides_of(side, names, spec)
    if aa:
        named.refuse_both("--aa", given=bool(side))
        compared = twice(*config.frameworks(aa)[:1])
    if kind:
        named.refuse_variants(given=bool(side))
    if best:
        threads.check(compared, variants=kind is not None)
    first = named.baseline(baseline, compared, spec)
    conditions(fail_if, [each.name for each in compared], first)  # before anything runs
    request = ComparisonRequest(
        job.title,
        spec,
        compared,
        Path(output),
        certify=verify,
        concurrent=concurrent,
        profile=profile,
        plan=plan,
        baseline=first,
        label=label,
        best_threads=best,
        over=named_over(over),
    )
    several = {"--recipe=both": recipe == "both", "--loop=both": loop == "both"}
    flags = {**addresses_in(given), **several, "--threads=best": best, "--concurrent": concurrent}
    machines = asked(None if cluster is None else str(cluster), exclusive)
    if over is not None:
        together.check({**flags, "--cluster": cluster is not None}, compared, [spec])
    if machines is not None:
        clusters.check(flags)
        with showing(progress, job.workload, request.names, spec.epochs) as display:
            outcome = clusters.compare_over(request, machines, display)
        raise_with_place(outcome.run, [outcome])
        return Result(outcome.run.path, outcome.comparison)
    with (
        showing(progress, job.workload, request.names, spec.epochs) as display,
        comparing.runners_for(request, places_of(given), display) as runners,
    ):
        if kind is None:
            outcome = comparing.train(request, runners, display)
            run, outcomes = outcome.run, [outcome]
        else:
            _, outcomes = variants.train_variants(kind, request, runners, display)
            run = Run(outcomes[0].run.path.parent)
    raise_with_place(run, outcomes)
    return record(run) if kind else Result(run.path, outcomes[0].comparison)


@in_words_of_python()
def load(run: str | Path = shelf.LATEST, output: str | Path = "runs") -> Result | Record:
    """Load a previous run: its path, its name in ``output``, or ``latest``.

    A run of ``verify``, ``explain``, ``compare --recipe both`` or ``--loop both`` is a `Record`.
    Raises OrchestratorError if there is none, or nothing of it was finished.
    """
    stored = shelf.find(str(run), Path(output))
    if not stored.about().kind.is_comparison:
        return record(stored)
    comparison = comparison_of(stored)
    if not comparison.trials:
        raise BadInput(english(_NO_TRIAL, path=stored.path))
    return Result(stored.path, comparison)


def runs(
    output: str | Path = "runs",
    *,
    workload: str | None = None,
    since: datetime | None = None,
    sort: str = "time",
) -> list[history.Entry]:
    """List the runs in ``output``, newest first, each with its state, its result and its numbers.

    Only those of ``workload`` and made ``since`` a time, if given; ``sort`` as of ``orchestrator
    runs``. ``pandas.DataFrame(orchestrator.runs())`` turns them into a table.
    """
    start = since if since is None or since.tzinfo else since.replace(tzinfo=UTC)
    fitting = history.fitting(shelf.runs(Path(output)), workload, start)
    return history.arranged(fitting, history.Sort(sort))


def record(run: Run) -> Record:
    """Return the result of a run that is no comparison. Raises BadInput if it has none."""
    result = shown(run)
    if result is None:
        raise BadInput(english(_NO_TRIAL, path=run.path))
    return Record(run.path, run.about().kind, history.entry(run).finding, result)
