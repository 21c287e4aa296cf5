"""The work of a sweep that is left: its certificates, then the blocks of all cells."""

from collections.abc import Sequence
from typing import Protocol

from orchestrator.actions.compare import certified, is_to_be_the_same, recall
from orchestrator.actions.doubts import settle
from orchestrator.actions.repeat import LATE, PROGRESS
from orchestrator.actions.request import kept
from orchestrator.actions.sweeps.blocks import Cell, Queue
from orchestrator.actions.sweeps.finish import begun, finish
from orchestrator.actions.sweeps.request import SweepOutcome, SweepRequest
from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates, none_made
from orchestrator.errors import CannotRun, OrchestratorError, OutputError
from orchestrator.figures.renderer import Renderer
from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.language.words import OF
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Display
from orchestrator.storage import store, sweeping
from orchestrator.storage.about import plain
from orchestrator.storage.running import making
from orchestrator.storage.store import Run
from orchestrator.storage.sweeping import PlannedCell, SweepPlan
from orchestrator.trials.mappings.stored import as_json

_CERTIFYING = Phrase("certificate {number} of {of}: {cell}")
_BLOCK = Phrase("block {number} of {of}: {cell}")
_BLOCK_ON = Phrase("block {number}: {cell}, whose interval of ± {width:.1%} is the widest")
_BLOCK_AT_LEAST = Phrase("block {number}: {cell}")
_DRAWING = Phrase("judging, and drawing the figures and the pages of all cells")
_GO_ON = Phrase("to go on with it: orchestrator resume {path}")


class Place(Protocol):
    """Where a sweep runs: on one machine, or on several."""

    def runners(self) -> Runners:
        """Return those that make certificates, and whatever follows the blocks."""

    def taken_up(self, cell: Run) -> Cell:
        """Return a cell with what it has; delete what had not ended, and end jobs of it."""

    def run(self, work: "Work", queue: Queue) -> None:
        """Run the blocks of the queue; tell ``work`` which begin, and how they end."""


class Work:
    """The certificates and blocks of a sweep that are left.

    ``faults``: of trials that failed, and of those that failed before.
    """

    def __init__(
        self, run: Run, plan: SweepPlan, request: SweepRequest, place: Place, display: Display
    ) -> None:
        self.run, self.plan, self.request, self.display = run, plan, request, display
        self.faults = list[Sentence]()
        self.sides = [side.name for side in request.sides]
        self._place = place
        self._running = set[tuple[str, int]]()  # cell and number of each block that was begun

    def do(self) -> None:
        """Make all of it."""
        cells = [self._place.taken_up(self._inner(cell)) for cell in self.plan.cells]
        for cell in cells:
            self._blame(cell, cell.faults)
        self._certify(cells)
        queue = Queue(self.request.plan, cells, len(self.sides), self.plan.seed)
        for cell in cells:
            queue.measure(cell)
        self._place.run(self, queue)
        for cell in cells:
            request = self.request.of_cell(cell.run.spec())
            settle(cell.run, request, self._place.runners(), self.display)
        if queue.late:
            self.display.say(say(LATE, minutes=self.request.plan.most_seconds / 60))

    def begun(self, queue: Queue, cell: Cell, number: int) -> None:
        """Say which block runs."""
        self._running.add((cell.name, number))
        count = queue.done + len(self._running)
        names = {"number": count, "of": queue.of, "cell": cell.name, "width": cell.width}
        phrase = _BLOCK if queue.of else _BLOCK_ON if cell.width else _BLOCK_AT_LEAST
        self._stage(english(phrase, **names), queue.done, queue.of)

    def ended(self, queue: Queue, cell: Cell, number: int, faults: Sequence[Sentence]) -> None:
        """Take a block that has ended."""
        self._running.discard((cell.name, number))
        queue.ended(cell, number, failed=bool(faults))
        self._blame(cell, faults)

    def _blame(self, cell: Cell, faults: Sequence[Sentence]) -> None:
        self.faults += [english(OF, name=cell.name, what=fault) for fault in faults]

    def _inner(self, cell: PlannedCell) -> Run:
        """Return the cell's run, which is created unless a command before had done that."""
        spec = self.plan.spec(cell, str(self.run.path))
        found = store.inner(self.run, cell.name)
        return found or store.within(self.run, cell.name, plain(self.sides), self.sides, spec)

    def _certify(self, cells: Sequence[Cell]) -> None:
        """Make the certificates that are missing; one that is stored already is taken again."""
        for number, cell in enumerate(cells, start=1):
            request = self.request.of_cell(cell.run.spec())
            wanted = request.certify and is_to_be_the_same(request)
            if not wanted or certificate_file.is_made(cell.run):
                continue
            names = {"number": number, "of": len(cells), "cell": cell.name}
            self._stage(english(_CERTIFYING, **names))
            sweeping.clear(cell.run, store.CERTIFICATE)  # what a killed command had begun
            try:
                found = certified(request, cell.run, self._place.runners(), self.display)
            except CannotRun as error:
                found = Certificates([none_made(error.message, *pair) for pair in request.pairs])
            cell.run.write_certificate(certificate_file.as_dict(found))

    def _stage(self, text: Sentence, done: int = 0, of: int | None = None) -> None:
        self.display.stage(say(text), done, of)
        self.run.write_result(PROGRESS, as_json({"text": text, "done": done, "of": of}))


def go_on(work: Work, renderer: Renderer) -> SweepOutcome:
    """Do what is left of a sweep, and compare what exists then. Raises OrchestratorError."""
    interrupted, run, display = False, work.run, work.display
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
        if work.request.over is None:  # what is known of a machine is not of several
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
