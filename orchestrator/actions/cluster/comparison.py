"""The blocks of one comparison over machines."""

import itertools
from collections.abc import Collection, Sequence

from orchestrator.actions.cluster.meeting import Machines
from orchestrator.actions.cluster.over import Block, Over, Part
from orchestrator.actions.cluster.plans import joined
from orchestrator.actions.compare import ComparisonRequest
from orchestrator.actions.repeat import enough
from orchestrator.language.phrases import Sentence
from orchestrator.runners.cluster.queue import Queue, Turns
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import Enough
from orchestrator.runners.progress import Display
from orchestrator.settings.hosts import Host
from orchestrator.storage import blocks
from orchestrator.storage.store import Run


class OfComparison:
    """The blocks of one comparison over machines; called as `compare.Blocks`.

    ``done``: those that have ended before, and ``faults``: of their trials.
    """

    def __init__(
        self,
        machines: Machines,
        turns: Turns,
        done: Collection[int],
        faults: Sequence[Sentence] = (),
    ) -> None:
        self._machines, self._turns, self._done = machines, turns, set(done)
        self._faults = list(faults)
        self._queue: Queue[Block] = Queue([], [])
        self._is_enough: Enough = bool

    def __call__(
        self, run: Run, request: ComparisonRequest, runners: Runners, display: Display
    ) -> tuple[list[Sentence], Runners]:
        """Run them. Raises as `Over.run`."""
        del runners  # of the first machine
        plan, part = request.plan, Part(run, request, self._turns)
        self._part = part
        every = range(1, plan.repeats + 1) if plan.precision is None else itertools.count(1)
        self._queue = Queue(
            (Block(part, n) for n in every if n not in self._done), self._machines.met
        )
        self._is_enough = enough(plan, run, display)
        if self._done and self._is_enough(len(self._done)):
            self._queue.stop()
        return self._faults, Over(self._machines).run(self._queue, self, display)

    def came(self, host: Host) -> None:
        """Take note of a machine that came later."""
        joined(self._part.run, host)

    def left_out(self, name: str, why: Sentence) -> None:
        """Store that the machine runs no block."""
        blocks.add(self._part.run.path, blocks.at(0, name, str(why)))

    def begun(self, block: Block) -> None:
        """Say nothing: the judge of what is enough does."""

    def ended(self, block: Block, faults: Sequence[Sentence]) -> None:
        """Begin no further block if those that have ended are enough."""
        self._done.add(block.number)
        self._faults += faults
        if self._is_enough(len(self._done)):
            self._queue.stop()
