"""Which block of which cell runs next, and what is left to run after a command was killed."""

import itertools
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from twinrun.contract.enums import JobState

from orchestrator.actions.repeat import Plan
from orchestrator.errors import OrchestratorError
from orchestrator.results.comparison import compare, same_job
from orchestrator.results.sweeps.scaling import blocks_in_rounds
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import Placement, block, orders, rounds
from orchestrator.storage import sweeping
from orchestrator.storage.store import Run
from orchestrator.trials.sides import Side, runner_of


@dataclass(eq=False)
class Cell:
    """A cell's run, and the numbers of the blocks that it has.

    ``failed``: a trial of it did, so it gets no more. ``width``: half its interval, of the widest
    pair of sides; None: it has none, or no verdict.
    """

    run: Run
    done: set[int] = field(default_factory=set)
    failed: bool = False
    width: float | None = None

    @property
    def name(self) -> str:
        return self.run.path.name

    @property
    def next(self) -> int:
        """The number of its next block."""
        return next(number for number in itertools.count(1) if number not in self.done)


def taken_up(cells: Sequence[Run], sides: Sequence[str], runners: Runners) -> list[Cell]:
    """Return the cells with what they have; delete what had not ended, and end jobs of it.

    Raises OutputError, RunUnreadable.
    """
    found = list[Cell]()
    for run in cells:
        blocks = sweeping.ended(run, sides)
        for trial in sweeping.begun(run, blocks):
            job = run.job(trial.framework, trial.number)
            if job is not None and job.job_id:
                _end(runners, runner_of(trial.framework), job.job_id)
            sweeping.discard(run, trial)
        failed = any(t.state is JobState.FAILED for trials in blocks.values() for t in trials)
        found.append(Cell(run, set(blocks), failed))
    return found


def _end(runners: Runners, framework: str, job_id: str) -> None:
    """End a job that a killed command left, so that it takes no time from others."""
    with suppress(OrchestratorError):  # it has ended, or its runner does not know it
        client = runners.get(framework)
        client.cancel(job_id)
        for _ in client.watch(job_id):
            pass


class Queue:
    """Yields the cell whose block is next, and judges when that is enough.

    First each has ``plan.repeats`` blocks, in rounds over the grid; with a precision at least as
    many as an interval needs. Then the one with the widest interval gets the next block, until all
    are narrow enough or the time is over: ``late``.
    """

    def __init__(self, plan: Plan, cells: Sequence[Cell], sides: int, seed: str) -> None:
        self.late = False
        self._plan, self._cells, self._seed = plan, list(cells), seed
        least = blocks_in_rounds(plan.repeats, sides)
        self._least = plan.repeats if plan.precision is None else least
        self._began = time.monotonic()

    def __iter__(self) -> Iterator[Cell]:
        by_name = {cell.name: cell for cell in self._cells}
        in_rounds = rounds(list(by_name), _chance(self._seed, "rounds"))
        for number, order in enumerate(itertools.islice(in_rounds, self._least), start=1):
            for cell in map(by_name.__getitem__, order):
                if number not in cell.done and not cell.failed:
                    yield cell
        while (widest := self._widest()) is not None:
            yield widest

    @property
    def of(self) -> int | None:
        """How many blocks there will be; None: not known."""
        if self._plan.precision is not None:
            return None
        return sum(len(c.done) if c.failed else self._least for c in self._cells)

    @property
    def done(self) -> int:
        return sum(len(cell.done) for cell in self._cells)

    def measure(self, cell: Cell) -> None:
        """Set the width of a cell's interval, if that decides what is next."""
        if self._plan.precision is not None and len(cell.done) >= self._least:
            cell.width = None if cell.failed else _width(cell.run)

    def _widest(self) -> Cell | None:
        precision = self._plan.precision
        if precision is None:
            return None
        unsure = [c for c in self._cells if c.width is not None and c.width > precision]
        if not unsure:
            return None
        self.late = time.monotonic() - self._began > self._plan.most_seconds
        return None if self.late else max(unsure, key=lambda cell: cell.width or 0.0)


def placed(cell: Cell, sides: Sequence[Side], plan: Plan, seed: str) -> Iterator[Placement]:
    """Yield the trials of a cell's next block; the order depends on nothing but ``seed``."""
    number = cell.next
    several = orders(sides, _chance(seed, cell.name))
    order = next(itertools.islice(several, number - 1, None))
    return block(order, cell.run.spec(), number, same_seed=plan.same_seed)


def _chance(seed: str, of: str) -> random.Random:
    """Return what draws an order: the same again for a command that goes on."""
    return random.Random(f"{seed} {of}")  # noqa: S311 - nobody is to be kept from guessing it


def _width(run: Run) -> float | None:
    """Return half the widest interval of a cell; None if a further block cannot give a verdict."""
    what = run.about()
    found = compare(run.job_spec(), run.trials(), sides=what.sides, baseline=what.baseline)
    widths = [verdict.least_seen for verdict in found.verdicts]
    if not widths or same_job(found) is False:
        return None
    known: Mapping[int, float] = {i: w for i, w in enumerate(widths) if w is not None}
    return max(known.values()) if len(known) == len(widths) else None
