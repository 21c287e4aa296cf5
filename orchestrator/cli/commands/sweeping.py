"""The command that runs a grid of comparisons."""

import dataclasses
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.actions.cluster import together
from orchestrator.actions.cluster import train as clusters
from orchestrator.actions.cluster.sources import asked, named_over
from orchestrator.actions.compare import raise_for
from orchestrator.actions.sweeps import train
from orchestrator.actions.sweeps.request import SweepOutcome, SweepRequest
from orchestrator.cli import cluster_option, sides_option
from orchestrator.cli.cluster_option import ClusterOption, ExclusiveOption, OverOption
from orchestrator.cli.options import (
    ALL,
    BaselineOption,
    FrameworksOption,
    JobOptions,
    LabelOption,
    RepeatOptions,
    ShownOptions,
    WhereOptions,
)
from orchestrator.cli.output import display_of, print_json, print_report
from orchestrator.cli.sides_option import SidesOption
from orchestrator.errors import Doubtful, NotTheSameJob
from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import LINES, OF
from orchestrator.reports import sweeps as report
from orchestrator.results.sweeps import as_dict
from orchestrator.settings import grid as grids
from orchestrator.settings import sides as named
from orchestrator.settings.job import FLAGS, Flag
from orchestrator.settings.keeping import Exclusive
from orchestrator.storage import clustering
from orchestrator.storage.store import Run
from orchestrator.trials.sides import Side, runners_of, twice

_WARNED = Phrase("--strict: the result stands with warnings: {codes}.")


def _axis(name: str) -> object:
    """Return a job's flag that takes several values."""
    flag = FLAGS[name][0]
    return Annotated[str | None, Flag(help=flag.help, field=flag.field, metavar="V1,V2...")]


if TYPE_CHECKING:
    GridOptions = JobOptions
else:
    GridOptions = dataclasses.make_dataclass(
        "GridOptions",
        [(name, _axis(name), None) for name in FLAGS if grids.takes_several(name)],
        bases=(JobOptions,),
        frozen=True,
        kw_only=True,
    )


def sweep(
    job: GridOptions,
    where: WhereOptions,
    shown: ShownOptions,
    repeat: RepeatOptions,
    *,
    frameworks: FrameworksOption = ALL,
    side: SidesOption = None,
    baseline: BaselineOption = None,
    certify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="First show that every side does the same job."),
    ] = True,
    cluster: ClusterOption = None,
    exclusive: ExclusiveOption = Exclusive.MACHINE,
    over: OverOption = None,
    label: LabelOption = "",
) -> None:
    """Compare the frameworks at every combination of several values, and say where they cross.

    Flags of the job, and --set, take values separated by commas. Each combination is a comparison
    with a certificate of its own; its pairs of trials are run in turn with those of the others.

    Example: orchestrator sweep --batch-size 16,64,256 --threads 1,2 --repeats 8
    """
    refused = repeat.refused()
    machines = asked(cluster, exclusive)
    if machines is not None:
        clusters.check(cluster_option.given())
    request = _request(job, repeat, where, frameworks=frameworks, side=side, baseline=baseline)
    if over is not None:
        flags = {**cluster_option.given(), "--cluster": cluster is not None}
        together.check(flags, request.sides, request.jobs.values())
    request = dataclasses.replace(request, output=shown.output, certify=certify, label=label)
    request = dataclasses.replace(request, over=named_over(over))
    names = tuple(side.name for side in request.sides)
    epochs = max(spec.epochs for spec in request.jobs.values())
    with closing(display_of(shown, names, epochs)) as display:
        if machines is not None:
            outcome = train.sweep_over(request, machines, display)
        else:
            needed, places = runners_of(request.sides), where.places(request.sides)
            with together.runners(request.over, needed, places, display.say) as runners:
                outcome = train.sweep(request, runners, display)
    tell(outcome, shown)
    given = (each.code for several in outcome.found.warnings.values() for each in several)
    if codes := dict.fromkeys(code for code in given if code in refused):
        raise Doubtful(english(_WARNED, codes=", ".join(codes)))


def resumed(
    run: Run, where: WhereOptions, shown: ShownOptions, cluster: str | None
) -> SweepOutcome:
    """Go on with a sweep. Raises OrchestratorError."""
    taken = [Side.named(name) for name in train.resumable(run).sides]
    with closing(
        display_of(shown, tuple(side.name for side in taken), run.spec().epochs)
    ) as display:
        if cluster is not None or clustering.plan_of(run) is not None:
            clusters.check(cluster_option.given())
            return train.resume_over(run, cluster, display)
        with train.runners_for(run, where.places(taken), display.say) as runners:
            return train.resume(run, runners, display)


def tell(outcome: SweepOutcome, shown: ShownOptions) -> None:
    """Print what a sweep came to; raise what went wrong, and if a cell is not the same job."""
    found = outcome.found
    if shown.as_json:
        print_json(as_dict(found))
    else:
        print_report(report.report(found), plain_elsewhere=True)
    raise_for([outcome])
    wrong = [english(OF, name=c.name, what=c.finding) for c in found.cells if c.same_job is False]
    if wrong:
        raise NotTheSameJob(join(LINES, wrong))


def _request(
    job: GridOptions,
    repeat: RepeatOptions,
    where: WhereOptions,
    *,
    frameworks: str,
    side: list[str] | None,
    baseline: str | None,
) -> SweepRequest:
    """Return what is asked, and not where it is stored. Raises BadInput."""
    grid = grids.grid(job, job.changed or [])
    jobs = grid.jobs(job.workload)
    spec = next(iter(jobs.values()))
    compared = sides_option.compared(side, frameworks, spec, where)
    if repeat.twice:
        named.refuse_both("--aa", given=bool(side))
        compared = twice(repeat.twice.value)
    grids.check_sides(grid, compared)
    return SweepRequest(
        workload=job.title,
        grid=grid,
        jobs=jobs,
        sides=compared,
        baseline=named.baseline(baseline, compared, spec),
        plan=repeat.plan(),
    )
