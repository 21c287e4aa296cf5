"""Which block of which cell runs next, and what is left to run after a command was killed."""

import itertools
import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from twinrun.contract.enums import JobState

from orchestrator.actions.cluster.faults import faults_of
from orchestrator.actions.repeat import Plan
from orchestrator.language.phrases import Sentence
from orchestrator.results.comparison import compare, same_job
from orchestrator.results.sweeps.scaling import blocks_in_rounds
from orchestrator.runners.placement import Placement, block, orders, rounds
from orchestrator.storage.store import Run
from orchestrator.trials.sides import Side
from orchestrator.trials.trial import Trial


@dataclass(eq=False)
class Cell:
    """A cell's run, and the numbers of the blocks that it has.

    ``failed``: a trial of it did, so it gets no more. ``width``: half its interval, of the widest
    pair of sides; None: it has none, or no verdict. ``running``: blocks that were begun.
    ``faults``: of trials that failed before.
    """

    run: Run
    done: set[int] = field(default_factory=set)
    failed: bool = False
    width: float | None = None
    running: set[int] = field(default_factory=set)
    faults: Sequence[Sentence] = ()

    @property
    def name(self) -> str:
        return self.run.path.name

    @property
    def next(self) -> int:
        """The number of its next block."""
        begun = self.done | self.running
        return next(number for number in itertools.count(1) if number not in begun)

    @property
    def expected(self) -> float:
        """Its width once the blocks that run have ended, if they scatter as those before."""
        width, done = self.width or 0.0, len(self.done)
        return width * math.sqrt(done / (done + len(self.running)))


def cell_of(run: Run, ended: Mapping[int, Sequence[Trial]]) -> Cell:
    """Return a cell with the blocks that have ended, by number. Raises RunUnreadable."""
    failed = any(t.state is JobState.FAILED for trials in ended.values() for t in trials)
    return Cell(run, set(ended), failed, faults=faults_of(run, ended))


class Queue:
    """Yields the cell whose block is next, with its number, and judges when that is enough.

    First each has ``plan.repeats`` blocks, in rounds over the grid; with a precision at least as
    many as an interval needs. Then the one with the widest interval gets the next block, until all
    are narrow enough or the time is over: ``late``. Where several blocks run at once there may be
    none for now, and one again once another has ended.
    """

    def __init__(self, plan: Plan, cells: Sequence[Cell], sides: int, seed: str) -> None:
        self.late = False
        self._plan, self._cells, self._seed = plan, list(cells), seed
        least = blocks_in_rounds(plan.repeats, sides)
        self._least = plan.repeats if plan.precision is None else least
        self._began = time.monotonic()

        self._rounds = self._in_rounds()
        self._ended = False  # the rounds have

    def __iter__(self) -> "Queue":
        return self

    def __next__(self) -> tuple[Cell, int]:
        found = next(self._rounds, None)
        self._ended = found is None
        found = found or self._widest()
        if found is None:
            raise StopIteration
        cell, number = found
        cell.running.add(number)
        return found

    def look(self) -> int:
        """Return at how many blocks a machine may look to choose one: in rounds at all cells'."""
        return 1 if self._ended else len(self._cells)

    def is_over(self, cell: Cell, number: int) -> bool:
        """Return whether a block that was yielded need not run any more."""
        if cell.failed:
            return True
        if self._plan.precision is None or number <= self._least:
            return False
        return self.late or (cell.width is not None and cell.width <= self._plan.precision)

    def ended(self, cell: Cell, number: int, *, failed: bool) -> None:
        """Record that a block of a cell has ended."""
        cell.running.discard(number)
        cell.done.add(number)
        cell.failed = cell.failed or failed
        self.measure(cell)

    def _in_rounds(self) -> Iterator[tuple[Cell, int]]:
        by_name = {cell.name: cell for cell in self._cells}
        in_rounds = rounds(list(by_name), _chance(self._seed, "rounds"))
        for number, order in enumerate(itertools.islice(in_rounds, self._least), start=1):
            for cell in map(by_name.__getitem__, order):
                if number not in cell.done and not cell.failed:
                    yield cell, number

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

    def _widest(self) -> tuple[Cell, int] | None:
        precision = self._plan.precision
        if precision is None:
            return None
        unsure = [c for c in self._cells if c.width is not None and c.width > precision]
        is_late = time.monotonic() - self._began > self._plan.most_seconds
        self.late = is_late and bool(unsure)  # what runs meanwhile may make the last one sure
        if self.late or not unsure:
            return None
        widest = max(unsure, key=lambda cell: cell.expected)
        return widest, widest.next


def placed(
    cell: Cell, number: int, sides: Sequence[Side], plan: Plan, seed: str
) -> Iterator[Placement]:
    """Yield the trials of a cell's block; the order depends on nothing but ``seed``."""
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
