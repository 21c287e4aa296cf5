"""Runs blocks over machines, one at a time on each: of a comparison, or of the cells of a sweep."""

import itertools
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol

from twinrun.contract.reasons import Reason
from twinrun.v1 import job_pb2

from orchestrator.actions.cluster import jobs
from orchestrator.actions.cluster.meeting import Machines
from orchestrator.actions.compare import ComparisonRequest
from orchestrator.errors import CannotRun, OrchestratorError, OutputError, RunnerUnavailable
from orchestrator.language.phrases import ENGLISH, Phrase, Sentence, english, join, say, speaking
from orchestrator.language.words import LINES, OF
from orchestrator.runners.apart import AtOnce, start
from orchestrator.runners.cluster.queue import Queue, Turns
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import Placement, block
from orchestrator.runners.progress import Display, Lines
from orchestrator.runners.schedule import run_trials
from orchestrator.settings.hosts import Host
from orchestrator.storage import blocks, clustering
from orchestrator.storage.store import Run

_OF_CELL = Phrase("{number} of {cell}")
_FAILED = Phrase("{machine} failed in block {number}, which runs again as a whole: {why}")
_FAILED_LAST = Phrase("{machine} failed in block {number}, which is needed no more: {why}")
_LEFT_OUT = Phrase("{machine} is left out from now on")
_CAME = Phrase("{machine} has come, and runs blocks from now on")
_NOT_TAKEN = Phrase("{machine} has come, and is left out: {why}")
_NO_MACHINE = Phrase("No machine is left for the blocks that are to run:\n{faults}")
_NOT_ENDED = Phrase("its runner ended the block early")
_CANCELLING = Phrase("waiting for {machines} machines to cancel, at most {seconds:g} s")
_CANCEL_SECONDS = 10.0
_LOOK_SECONDS = 0.2
_COME_SECONDS = 1.0  # after which is looked for machines that came


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A comparison of which blocks run: alone, or as the ``cell`` of a sweep that has that name.

    ``turns``: the order of the sides in each block. ``impossible``: its certificate could not be
    made, so a machine that cannot run it is not to blame.
    """

    run: Run
    request: ComparisonRequest
    turns: Turns
    cell: str = ""
    impossible: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A block by its number in the part that it belongs to."""

    part: Part
    number: int

    @property
    def said(self) -> Sentence | int:
        """Its number, and which cell's it is."""
        names = {"number": self.number, "cell": self.part.cell}
        return english(_OF_CELL, **names) if self.part.cell else self.number


@dataclass(frozen=True, slots=True)
class _End:
    """How a block ended on a machine: ``error``: what it failed for."""

    machine: str
    block: Block
    faults: list[Sentence]
    error: BaseException | None = None


class Course(Protocol):
    """Who is told how far the blocks have come, in the main thread."""

    def came(self, host: Host) -> None:
        """Take note of a machine that came later, and runs blocks from now on."""

    def left_out(self, name: str, why: Sentence) -> None:
        """Take note of a machine that came later, and runs none."""

    def begun(self, block: Block) -> None:
        """Take note of a block that begins, perhaps again."""

    def ended(self, block: Block, faults: Sequence[Sentence]) -> None:
        """Take note of one that has ended, and is stored; ``faults``: of trials that failed."""


class Over:
    """Blocks over machines."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._blocks: dict[str, Run] = {}  # that run, by machine
        self._jobs: dict[str, list[tuple[str, str]]] = {}  # that a failed block left
        self._failures: dict[str, Sentence] = {}
        self._said = set[tuple[str, str]]()  # what machines refused, and why
        self._unable: dict[str, set[str]] = {}  # machines that cannot run a cell's job, by cell
        self._at_once = AtOnce()
        self._ends: SimpleQueue[_End] = SimpleQueue()
        self._writing = threading.Lock()  # never taken by the main thread
        self._stopping = False

    def run(self, queue: Queue[Block], course: Course, display: Display) -> Runners:
        """Run them; return the runners of a machine that is left.

        Raises RunnerUnavailable if none is, KeyboardInterrupt, OutputError. On KeyboardInterrupt
        all machines cancel what they run; blocks that have ended are kept.
        """
        try:
            while not queue.over:
                self._take_later(queue, course, display)
                for machine, block in queue.take(time.monotonic()):
                    course.begun(block)
                    self._at_once.begin(machine, partial(self._work, machine, block))
                due = queue.next_at
                rest = _COME_SECONDS if due is None else due - time.monotonic()
                self._at_once.wait(min(rest, _COME_SECONDS))
                for end in self._ended():
                    self._take(queue, end, course, display)
        except BaseException:
            self._cancel(display)
            raise
        if queue.lost:
            faults = [english(OF, name=name, what=why) for name, why in self._failures.items()]
            raise RunnerUnavailable(english(_NO_MACHINE, faults=join(LINES, faults)))
        left = [each for name, each in self._machines.met.items() if name not in queue.left_out]
        return left[0].runners

    def _take_later(self, queue: Queue[Block], course: Course, display: Display) -> None:
        """Take the machines that came later, and say which cannot be used."""
        for host, found in list(self._machines.later()):
            name = host.name
            if isinstance(found, OrchestratorError):
                display.say(say(_NOT_TAKEN, machine=name, why=found.message))
                course.left_out(name, found.message)
            elif name in queue.running:  # came again; what ran there before is about to fail
                self._machines.come.put((host, found))
            else:
                self._machines.take(found)
                if not queue.has(name):
                    queue.add(name)
                course.came(host)
                display.say(say(_CAME, machine=name))

    def _ended(self) -> Iterator[_End]:
        with suppress(Empty):
            while True:
                yield self._ends.get_nowait()

    def _take(self, queue: Queue[Block], end: _End, course: Course, display: Display) -> None:
        """Take how a block ended; raise an error that is not the machine's."""
        error, part = end.error, end.block.part
        if error is None:
            queue.finished(end.machine)
            part.turns.finished(end.machine)
            course.ended(end.block, end.faults)
            return
        if isinstance(error, CannotRun) and self._is_of_the_job(queue, end):
            queue.finished(end.machine)
            course.ended(end.block, [error.message])
            return
        if not isinstance(error, OrchestratorError) or isinstance(error, OutputError):
            raise error
        if isinstance(error, CannotRun) and part.cell:
            queue.refused(end.machine)
        else:
            is_away = isinstance(error, RunnerUnavailable)
            for_good = not is_away or end.machine in self._machines.gone
            queue.failed(end.machine, time.monotonic(), for_good=for_good)
        self._failures[end.machine] = error.message
        if isinstance(error, CannotRun):  # it says the same of each block that it gets
            said = end.machine, str(error.message)
            if said in self._said:
                return
            self._said.add(said)
        names = {"machine": end.machine, "number": end.block.said, "why": error.message}
        display.say(say(_FAILED_LAST if queue.stopped else _FAILED, **names))
        if end.machine in queue.left_out:
            display.say(say(_LEFT_OUT, machine=end.machine))

    def _is_of_the_job(self, queue: Queue[Block], end: _End) -> bool:
        """Return whether no machine can run a block: none that is left could run its cell."""
        part = end.block.part
        if not part.cell:  # a comparison has nothing else to run
            return part.impossible
        unable = self._unable.setdefault(part.cell, set())
        unable.add(end.machine)
        return part.impossible or unable >= {*self._machines.met} - {*queue.left_out}

    def _work(self, machine: str, block: Block) -> None:
        """Run a block in a thread of its own, and say how it ended."""
        try:
            end = _End(machine, block, self._block(machine, block))
        except BaseException as error:  # noqa: BLE001 - raised in the main thread
            end = _End(machine, block, [], error)
        self._ends.put(end)

    def _block(self, machine: str, asked: Block) -> list[Sentence]:
        met = self._machines.met[machine]
        own, keeper = met.runners, met.host.keeper
        for side, job_id in self._jobs.pop(machine, []):
            jobs.end(own, side, job_id)
        run, request, number = asked.part.run, asked.part.request, asked.number
        inner = self._blocks[machine] = clustering.begin(run, number, machine)
        order = block(
            *(asked.part.turns.order(machine), request.spec, number),
            same_seed=request.plan.same_seed,
        )
        try:
            if keeper is not None:
                keeper.begin()
            with _log_of(run, machine) as listen:
                faults = run_trials(self._until_stopped(order), own, inner, listen)
            if not _has_ended(inner, request.names):
                raise RunnerUnavailable(join(LINES, faults or [english(_NOT_ENDED)]))
        except OrchestratorError as error:
            self._jobs[machine] = clustering.jobs_of(inner)
            clustering.discard(inner)
            if not self._stopping:
                with self._writing:
                    blocks.add(run.path, blocks.at(number, machine, str(error.message)))
            raise
        under = None if keeper is None else keeper.condition()
        with self._writing:
            clustering.adopt(run, inner, number, machine, under)
        return faults

    def _until_stopped(self, order: Iterator[Placement]) -> Iterator[Placement]:
        return itertools.takewhile(lambda _: not self._stopping, order)

    def _cancel(self, display: Display) -> None:
        """Cancel what runs on all machines, and wait until it has ended."""
        self._stopping = True
        running, asked = self._at_once.running, set[tuple[str, str]]()
        if running:
            names = {"machines": len(running), "seconds": _CANCEL_SECONDS}
            display.say(say(_CANCELLING, **names))
        for machine in list(running):
            own = self._machines.met[machine].runners
            for runner in own.taken():
                own.get(runner).limit(_CANCEL_SECONDS)
        while running:
            for machine in list(running):
                own, block = self._machines.met[machine].runners, self._blocks.get(machine)
                for side, job_id in clustering.jobs_of(block) if block else ():
                    if (machine, job_id) not in asked:
                        asked.add((machine, job_id))
                        start(partial(jobs.cancel, own, side, job_id))
            with suppress(Exception):
                self._at_once.wait(_LOOK_SECONDS)


@contextmanager
def _log_of(run: Run, machine: str) -> Iterator[Callable[[str, job_pb2.JobEvent], None]]:
    """Yield a function that appends a line for each event to the log, with the machine's name."""
    with run.log_path.open("a", encoding="utf-8", buffering=1) as log:
        lines = Lines(lambda text: print(f"{machine}: {text}", file=log))

        def listen(side: str, event: job_pb2.JobEvent) -> None:
            with speaking(ENGLISH):
                lines.event(side, event)

        yield listen


def _has_ended(block: Run, sides: Collection[str]) -> bool:
    """Return whether each side's trial has ended, and not because its runner was started again."""
    restarted = any(
        trial.error is not None and trial.error.reason == Reason.RUNNER_RESTARTED
        for trial in block.trials()
    )
    return not restarted and clustering.has_ended(block, list(sides))
