"""Runs a sweep: certificates first, then the blocks of all cells in turn; and goes on with one."""

import platform
import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator.actions.compare import (
    ComparisonRequest,
    accepted,
    certified,
    is_to_be_the_same,
    recall,
)
from orchestrator.actions.doubts import settle
from orchestrator.actions.repeat import LATE, PROGRESS, Plan
from orchestrator.actions.request import kept
from orchestrator.actions.sweeps.blocks import Cell, Queue, placed, taken_up
from orchestrator.actions.sweeps.finish import begun, finish
from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates, none_made
from orchestrator.errors import BadInput, CannotRun, OrchestratorError, OutputError
from orchestrator.figures.renderer import Renderer
from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.language.words import OF, label
from orchestrator.results.sweeps import Sweep
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Display, logged
from orchestrator.runners.schedule import run_trials
from orchestrator.settings.grid import Grid, each_of
from orchestrator.storage import store, sweeping
from orchestrator.storage.about import About, Kind, plain
from orchestrator.storage.running import is_running, making
from orchestrator.storage.store import Run
from orchestrator.storage.sweeping import PlannedCell, SweepPlan
from orchestrator.trials.mappings.stored import as_json
from orchestrator.trials.sides import Side, runners_of

_CERTIFYING = Phrase("certificate {number} of {of}: {cell}")
_BLOCK = Phrase("block {number} of {of}: {cell}")
_BLOCK_ON = Phrase("block {number}: {cell}, whose interval of ± {width:.1%} is the widest")
_BLOCK_AT_LEAST = Phrase("block {number}: {cell}")
_DRAWING = Phrase("judging, and drawing the figures and the pages of all cells")
_GO_ON = Phrase("to go on with it: orchestrator sweep --resume {path}")
_NOT_A_SWEEP = Phrase(
    "{path} is no sweep, so it cannot go on; 'orchestrator runs' lists the kinds."
)
_RUNNING = Phrase("{path} is being made by another command; wait for it, or end it.")
_ELSEWHERE = Phrase(
    "{path} was begun on {host}, and this is {here}: times of two machines do not belong in one "
    "result. Go on there, or begin a new sweep here."
)
_OTHER_BUILD = Phrase(
    "{path} was begun with another build of the runner of {framework}: times of two versions do "
    "not belong in one result. Start that version again, or begin a new sweep."
)


@dataclass(frozen=True, kw_only=True)
class SweepRequest:
    """``jobs``: the spec of each cell of the ``grid``, by name; the rest as of a comparison."""

    workload: str
    grid: Grid
    jobs: Mapping[str, job_pb2.JobSpec]
    sides: Sequence[Side]
    output: Path = Path("runs")
    baseline: str | None = None
    label: str = ""
    certify: bool = True
    plan: Plan = field(default_factory=Plan)

    def __post_init__(self) -> None:
        """Check each cell's job of each side, before any runner is asked. Raises BadInput."""
        each_of(self.grid.cells, lambda cell: self.of_cell(self.jobs[cell.name]))

    def of_cell(self, spec: job_pb2.JobSpec) -> ComparisonRequest:
        """Return what is asked of one cell. Raises BadInput."""
        return ComparisonRequest(
            *(self.workload, spec, self.sides, self.output, self.baseline, self.label),
            certify=self.certify,
            plan=self.plan,
        )


@dataclass(frozen=True, slots=True)
class SweepOutcome:
    """A sweep's run and result, and how it ended, as `orchestrator.actions.compare.Outcome`."""

    run: Run
    found: Sweep
    faults: Sequence[Sentence]
    interrupted: bool
    ended: OrchestratorError | None


def sweep(request: SweepRequest, runners: Runners, display: Display) -> SweepOutcome:
    """Run every cell, and compare what exists then, even after Ctrl-C or a lost runner.

    A cell whose trial fails gets no more blocks; the others go on. Raises BadInput before anything
    runs if the job of any cell is not accepted; OrchestratorError.
    """
    names = runners_of(request.sides)
    runners.prepare(names)
    with closing(Renderer()) as renderer:
        grid = request.grid
        specs = each_of(
            grid.cells,
            lambda cell: accepted(request.of_cell(request.jobs[cell.name]), runners),
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
            builds=_builds(names, runners),
        )
        sweeping.write(run, plan)
        return _go_on(_Work(run, plan, request, runners, display), renderer, display)


def resume(run: Run, runners: Runners, display: Display) -> SweepOutcome:
    """Go on with a sweep whose command ended early: no block of it that has ended runs again.

    Raises BadInput if it is no sweep, is being made, or was begun on another machine or with
    another build of a runner; else as `sweep`.
    """
    what, plan = resumable(run), sweeping.the_plan(run)
    sides = [Side.named(name) for name in what.sides]
    names = runners_of(sides)
    runners.prepare(names)
    for name, build in _builds(names, runners).items():
        if plan.builds.get(name) != build:
            raise BadInput(english(_OTHER_BUILD, path=run.path, framework=label(name)))
    specs = {cell.name: plan.spec(cell, str(run.path)) for cell in plan.cells}
    request = SweepRequest(
        workload=what.workload,
        grid=Grid(plan.axes, {}),
        jobs=specs,
        sides=sides,
        output=run.path.parent,
        baseline=what.baseline,
        label=what.label,
        certify=plan.certify,
        plan=Plan(plan.repeats, plan.same_seed, what.precision, plan.most_seconds, what.margin),
    )
    with closing(Renderer()) as renderer:
        return _go_on(_Work(run, plan, request, runners, display), renderer, display)


def resumable(run: Run) -> About:
    """Return what a sweep is that may go on here. Raises BadInput."""
    what, here = run.about(), platform.node()
    if what.kind is not Kind.SWEEP:
        raise BadInput(english(_NOT_A_SWEEP, path=run.path))
    if is_running(run.path):
        raise BadInput(english(_RUNNING, path=run.path))
    if what.host and what.host != here:
        raise BadInput(english(_ELSEWHERE, path=run.path, host=what.host, here=here))
    return what


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


def _go_on(work: "_Work", renderer: Renderer, display: Display) -> SweepOutcome:
    interrupted, run = False, work.run
    ended: OrchestratorError | None = None
    with making(run) as made:
        try:
            renderer.ready()  # its start must not disturb a trial
            work.do()
        except KeyboardInterrupt:
            interrupted = True
        except OutputError:
            raise
        except OrchestratorError as error:  # everything finished is written first
            ended = error
        display.stage(say(_DRAWING))
        for cell in begun(run).values():
            recall(cell)
        try:
            found = finish(run, renderer)
        except OutputError as error:
            raise ended or error from error
        display.stage("")
        made.stopped = interrupted or ended is not None
    display.say(kept(run))
    if made.stopped:
        display.say(say(_GO_ON, path=run.path))
    return SweepOutcome(run, found, work.faults, interrupted, ended)


class _Work:
    """The certificates and blocks of a sweep that are left; ``faults``: of trials that failed."""

    def __init__(
        self,
        run: Run,
        plan: SweepPlan,
        request: SweepRequest,
        runners: Runners,
        display: Display,
    ) -> None:
        self.run, self.faults = run, list[Sentence]()
        self._plan, self._request = plan, request
        self._runners, self._display = runners, display
        self._sides = [side.name for side in request.sides]

    def do(self) -> None:
        """Make all of it."""
        inner = [self._inner(cell) for cell in self._plan.cells]
        cells = taken_up(inner, self._sides, self._runners)
        self._certify(cells)
        queue = Queue(self._request.plan, cells, len(self._sides), self._plan.seed)
        for cell in cells:
            queue.measure(cell)
        for cell in queue:
            self._show(queue, cell)
            self._block(cell)
            queue.measure(cell)
        for cell in cells:
            settle(cell.run, self._request.of_cell(cell.run.spec()), self._runners, self._display)
        if queue.late:
            self._display.say(say(LATE, minutes=self._request.plan.most_seconds / 60))

    def _inner(self, cell: PlannedCell) -> Run:
        """Return the cell's run, which is created unless a command before had done that."""
        spec = self._plan.spec(cell, str(self.run.path))
        found = store.inner(self.run, cell.name)
        return found or store.within(self.run, cell.name, plain(self._sides), self._sides, spec)

    def _certify(self, cells: Sequence[Cell]) -> None:
        """Make the certificates that are missing; one that is stored already is taken again."""
        for number, cell in enumerate(cells, start=1):
            request = self._request.of_cell(cell.run.spec())
            if not (request.certify and is_to_be_the_same(request)) or cell.run.certificate():
                continue
            names = {"number": number, "of": len(cells), "cell": cell.name}
            self._stage(english(_CERTIFYING, **names))
            sweeping.clear(cell.run, "certificate")  # what a killed command had begun
            try:
                found = certified(request, cell.run, self._runners, self._display)
            except CannotRun as error:
                found = Certificates([none_made(error.message, *pair) for pair in request.pairs])
            cell.run.write_certificate(certificate_file.as_dict(found))

    def _block(self, cell: Cell) -> None:
        """Run a cell's next block."""
        number = cell.next
        order = list(placed(cell, self._request.sides, self._request.plan, self._plan.seed))
        with logged(cell.run.log_path, self._display) as listen:
            try:
                faults = run_trials(order, self._runners, cell.run, listen)
            except CannotRun as error:  # what this cell lacks, others may not need
                faults = [error.message]
        cell.done.add(number)
        cell.failed = bool(faults)
        self.faults += [english(OF, name=cell.name, what=fault) for fault in faults]

    def _show(self, queue: Queue, cell: Cell) -> None:
        """Say which block is next."""
        names = {"number": queue.done + 1, "of": queue.of, "cell": cell.name, "width": cell.width}
        phrase = _BLOCK if queue.of else _BLOCK_ON if cell.width else _BLOCK_AT_LEAST
        self._stage(english(phrase, **names), queue.done, queue.of)

    def _stage(self, text: Sentence, done: int = 0, of: int | None = None) -> None:
        self._display.stage(say(text), done, of)
        self.run.write_result(PROGRESS, as_json({"text": text, "done": done, "of": of}))
