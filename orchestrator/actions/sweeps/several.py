"""The blocks of a sweep over machines: those of all cells are one queue."""

from collections import Counter
from collections.abc import Sequence

from orchestrator.actions.cluster.meeting import Machines
from orchestrator.actions.cluster.over import Block, Over, Part
from orchestrator.actions.cluster.plans import joined, take_up
from orchestrator.actions.sweeps.blocks import Cell, Queue, cell_of
from orchestrator.actions.sweeps.work import Work
from orchestrator.certificate import certificate_file
from orchestrator.language.phrases import Sentence
from orchestrator.runners.cluster import queue as machines_queue
from orchestrator.runners.cluster.queue import Kinds, Turns
from orchestrator.runners.finding import Runners
from orchestrator.settings.hosts import Host
from orchestrator.storage import blocks, clustering
from orchestrator.storage.clustering import ClusterPlan
from orchestrator.storage.store import Run


class Several:
    """Machines that are alike; ``plan``: what is stored of them."""

    def __init__(self, machines: Machines, plan: ClusterPlan) -> None:
        self._machines, self._plan = machines, plan
        self._runners = machines.first.runners
        self._cells = list[Run]()
        self._had = Counter[tuple[str, str]]()  # blocks by machine, or GPU of one, and cell

    def runners(self) -> Runners:
        """Return the first machine's, and after the blocks those of one that is left."""
        return self._runners

    def taken_up(self, cell: Run) -> Cell:
        """Return a cell with what it has. Raises OutputError, RunUnreadable."""
        take_up(cell, self._plan, self._machines)
        ended = clustering.taken_up(cell, cell.about().sides)
        on = blocks.places(cell.path)
        self._had.update((place, cell.path.name) for place in on.values())
        for name, why in self._machines.missing.items():
            blocks.add(cell.path, blocks.at(0, name, str(why)))
        self._cells.append(cell)
        return cell_of(cell, ended)

    def run(self, work: Work, queue: Queue) -> None:
        """Run the blocks on all machines. Raises as `Over.run`."""
        course = _Course(work, queue, self._plan.seed, self._cells)
        kinds = Kinds[Block](
            lambda block: block.part.cell, queue.look, self._had, is_over=course.is_over
        )
        every = machines_queue.Queue(map(course.block, queue), self._machines.met, kinds)
        self._runners = Over(self._machines).run(every, course, work.display)
        course.close()


class _Course:
    """Turns blocks of cells into blocks over machines, and tells the sweep how they end."""

    def __init__(self, work: Work, queue: Queue, seed: str, runs: Sequence[Run]) -> None:
        self._work, self._queue, self._seed, self._runs = work, queue, seed, runs
        self._cells: dict[str, Cell] = {}
        self._parts: dict[str, Part] = {}

    def block(self, asked: tuple[Cell, int]) -> Block:
        """Return a cell's block."""
        cell, number = asked
        if cell.name not in self._parts:
            self._cells[cell.name], self._parts[cell.name] = cell, self._part(cell.run)
        return Block(self._parts[cell.name], number)

    def _part(self, cell: Run) -> Part:
        request = self._work.request.of_cell(cell.spec())
        name, on = cell.path.name, blocks.places(cell.path)
        turns = Turns(request.sides, f"{self._seed} {name}", Counter(on.values()))
        made = cell.certificate() is None or certificate_file.is_made(cell)
        return Part(cell, request, turns, name, impossible=not made)

    def is_over(self, block: Block) -> bool:
        """Return whether a block need not run any more."""
        return self._queue.is_over(self._cells[block.part.cell], block.number)

    def close(self) -> None:
        """Delete the folders of blocks that run."""
        for cell in self._cells.values():
            clustering.close(cell.run)

    def came(self, host: Host) -> None:
        """Take note of a machine that came later."""
        joined(self._work.run, host)

    def left_out(self, name: str, why: Sentence) -> None:
        """Store in each cell that the machine runs no block of it."""
        for run in self._runs:
            blocks.add(run.path, blocks.at(0, name, str(why)))

    def begun(self, block: Block) -> None:
        self._work.begun(self._queue, self._cells[block.part.cell], block.number)

    def ended(self, block: Block, faults: Sequence[Sentence]) -> None:
        self._work.ended(self._queue, self._cells[block.part.cell], block.number, faults)
