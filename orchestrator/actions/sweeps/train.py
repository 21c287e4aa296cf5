"""Runs a sweep: certificates first, then the blocks of all cells in turn; and goes on with one."""

import platform
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from twinrun.v1 import job_pb2

from orchestrator.actions.cluster import plans, together
from orchestrator.actions.cluster.meeting import meet
from orchestrator.actions.cluster.sources import Source, check_exclusive, named_over
from orchestrator.actions.repeat import Plan
from orchestrator.actions.sweeps.alone import Alone
from orchestrator.actions.sweeps.request import SweepOutcome, SweepRequest
from orchestrator.actions.sweeps.several import Several
from orchestrator.actions.sweeps.work import Work, go_on
from orchestrator.errors import BadInput
from orchestrator.figures.renderer import Renderer
from orchestrator.language.phrases import Phrase, english
from orchestrator.language.words import label
from orchestrator.runners.finding import Runners
from orchestrator.runners.planning import accepted
from orchestrator.runners.progress import Display
from orchestrator.settings.config import Places
from orchestrator.settings.grid import Grid, each_of
from orchestrator.storage import clustering, store, sweeping
from orchestrator.storage.about import About, Kind
from orchestrator.storage.running import RUNNING, is_running
from orchestrator.storage.store import Run
from orchestrator.storage.sweeping import PlannedCell, SweepPlan
from orchestrator.trials.sides import Side, runners_of

_ALONE = Phrase("{path} is of one machine, and goes on there; leave out --cluster.")
_ELSEWHERE = Phrase(
    "{path} was begun on {host}, and this is {here}: times of two machines do not belong in one "
    "result. Go on there, or begin a new sweep here."
)
_OTHER_BUILD = Phrase(
    "{path} was begun with another build of the runner of {framework}: times of two versions do "
    "not belong in one result. Start that version again, or begin a new sweep."
)

_OTHER_MACHINES = Phrase(
    "{path} was begun over the machines {then}, and --over names {now} now: their times do not "
    "belong in one result. Name those of then, or begin a new sweep."
)


def sweep(request: SweepRequest, runners: Runners, display: Display) -> SweepOutcome:
    """Run every cell, and compare what exists then, even after Ctrl-C or a lost runner.

    A cell whose trial fails gets no more blocks; the others go on. Raises BadInput before anything
    runs if the job of any cell is not accepted; OrchestratorError.
    """
    names = runners_of(request.sides)
    runners.prepare(names)
    with closing(Renderer()) as renderer:
        run, plan = _created(request, runners, _builds(names, runners))
        return go_on(Work(run, plan, request, Alone(runners), display), renderer)


def sweep_over(request: SweepRequest, cluster: Source, display: Display) -> SweepOutcome:
    """Run every cell as `sweep`, on the machines of ``cluster``, a block at a time on each.

    Raises BadInput before anything runs if the machines are not alike.
    """
    jobs = [side.spec(job) for job in request.jobs.values() for side in request.sides]
    check_exclusive(cluster, jobs)
    names = runners_of(request.sides)
    with (
        closing(Renderer()) as renderer,
        meet(cluster, names, display) as machines,
    ):
        first = machines.first.runners
        run, plan = _created(request, first, _builds(names, first))
        of_machines = plans.begun(cluster, machines, request.plan, certify=request.certify)
        clustering.write(run, of_machines)
        place = Several(machines, of_machines)
        return go_on(Work(run, plan, request, place, display), renderer)


def resume(run: Run, runners: Runners, display: Display) -> SweepOutcome:
    """Go on with a sweep whose command ended early: no block of it that has ended runs again.

    Raises BadInput if it is being made, or was begun on another machine or with another build of a
    runner; else as `sweep`.
    """
    what, plan = resumable(run), sweeping.the_plan(run)
    here = platform.node()
    if what.host and what.host != here:
        raise BadInput(english(_ELSEWHERE, path=run.path, host=what.host, here=here))
    request = _request_of(run, what, plan)
    names = runners_of(request.sides)
    runners.prepare(names)
    for name, build in _builds(names, runners).items():
        if plan.builds.get(name) != build:
            raise BadInput(english(_OTHER_BUILD, path=run.path, framework=label(name)))
    if list(plan.machines) != list(runners.machines):
        then, now = ", ".join(plan.machines), ", ".join(runners.machines)
        raise BadInput(english(_OTHER_MACHINES, path=run.path, then=then, now=now))
    with closing(Renderer()) as renderer:
        return go_on(Work(run, plan, request, Alone(runners), display), renderer)


def resume_over(run: Run, cluster: str | None, display: Display) -> SweepOutcome:
    """Go on with a sweep over machines; ``cluster``: names them now, None: as before.

    Raises BadInput if the machines are of another kind, or it is a sweep on one machine; else as
    `resume`.
    """
    what, plan = resumable(run), sweeping.the_plan(run)
    before = clustering.plan_of(run)
    if before is None:
        raise BadInput(english(_ALONE, path=run.path))
    request = _request_of(run, what, plan)
    names, now = runners_of(request.sides), plans.source_of(run, before, cluster)
    with (
        closing(Renderer()) as renderer,
        meet(now, names, display) as machines,
    ):
        resumable(run)  # another command may have taken it up meanwhile
        of_machines = plans.gone_on(run, before, now, machines)
        clustering.write(run, of_machines)
        place = Several(machines, of_machines)
        return go_on(Work(run, plan, request, place, display), renderer)


def resumable(run: Run) -> About:
    """Return what a sweep is that may go on. Raises BadInput."""
    if is_running(run.path):
        raise BadInput(english(RUNNING, path=run.path))
    return run.about()


def _created(
    request: SweepRequest, runners: Runners, builds: Mapping[str, str]
) -> tuple[Run, SweepPlan]:
    """Create the run of a sweep whose jobs ``runners`` accept, and store what it is to run."""
    grid = request.grid
    specs = each_of(
        grid.cells,
        lambda cell: accepted(request.jobs[cell.name], request.sides, runners),
    )
    run = store.create(
        *(request.output, Kind.SWEEP, request.workload),
        *([side.name for side in request.sides], _common(specs, grid)),
        baseline=request.baseline,
        label=request.label,
        precision=request.plan.precision,
        margin=request.plan.margin,
    )
    plan = SweepPlan(
        axes=grid.axes,
        cells=[
            PlannedCell(cell.name, cell.at, store.to_mapping(specs[cell.name]))
            for cell in grid.cells
        ],
        repeats=request.plan.repeats,
        same_seed=request.plan.same_seed,
        certify=request.certify,
        most_seconds=request.plan.most_seconds,
        seed=secrets.token_hex(8),
        builds=builds,
        over="" if request.over is None else request.over.text,
        machines=runners.machines,
    )
    sweeping.write(run, plan)
    return run, plan


def _request_of(run: Run, what: About, plan: SweepPlan) -> SweepRequest:
    """Return what a sweep was asked for. Raises BadInput, RunUnreadable."""
    return SweepRequest(
        workload=what.workload,
        grid=Grid(plan.axes, {}),
        jobs={cell.name: plan.spec(cell, str(run.path)) for cell in plan.cells},
        sides=[Side.named(name) for name in what.sides],
        output=run.path.parent,
        baseline=what.baseline,
        label=what.label,
        certify=plan.certify,
        plan=Plan(plan.repeats, plan.same_seed, what.precision, plan.most_seconds, what.margin),
        over=named_over(plan.over or None),
    )


@contextmanager
def runners_for(run: Run, places: Places, tell: Callable[[str], None]) -> Iterator[Runners]:
    """Yield the runners with which a sweep goes on. Raises BadInput, RunnerUnavailable."""
    plan = sweeping.plan_of(run)
    over = named_over(plan.over or None) if plan else None
    names = runners_of([Side.named(name) for name in run.about().sides])
    with together.runners(over, names, places, tell) as runners:
        yield runners


def _builds(names: Sequence[str], runners: Runners) -> dict[str, str]:
    return {name: runners.get(name).info().build_sha256 for name in names}


def _common(specs: Mapping[str, job_pb2.JobSpec], grid: Grid) -> job_pb2.JobSpec:
    """Return what all cells have in common: a cell's job without the fields that vary."""
    common = job_pb2.JobSpec()
    common.CopyFrom(next(iter(specs.values())))
    varying = {path.partition(".")[0] for path in grid.axes}
    for known in common.DESCRIPTOR.fields:
        if varying & {known.name, known.json_name}:
            common.ClearField(known.name)
    return common
