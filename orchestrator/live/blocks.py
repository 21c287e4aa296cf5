"""Follows the trials of a run over machines, from its directory: no runner is asked for them."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from twinrun.contract.event_log import parse_event, whole_lines

from orchestrator.live.follow import Board
from orchestrator.live.looking import Looking
from orchestrator.live.machines import parts
from orchestrator.live.runs import newest_runs
from orchestrator.live.state import gone, heard, placed
from orchestrator.storage import clustering
from orchestrator.storage.running import is_running
from orchestrator.storage.store import Run
from orchestrator.trials.sides import runner_of


@dataclass(slots=True)
class _Trial:
    """A trial of a block, whose events are in the block's run, and in that of all once it ended.

    ``read``: bytes of the events that are known.
    """

    job_id: str
    block: Path
    whole: Path
    name: str
    read: int = 0

    def events(self) -> Path | None:
        """Return the file of its events, which may not be there yet. None: the block failed."""
        for path in (self.block, self.whole):
            if (file := path / "events" / self.name).exists():
                return file
        return self.block / "events" / self.name if self.block.exists() else None


class BlockFollower(Looking):
    """Follows the newest run in ``output``, in a thread of its own, from `start` to `stop`."""

    def __init__(self, output: Path, board: Board) -> None:
        self._output, self._board = output, board
        self._known = set[str]()  # jobs
        self._trials = list[_Trial]()  # that have not ended
        super().__init__("follow-blocks")

    def look(self) -> None:
        """Show what is new of the trials that run. Raises OSError, RunUnreadable, ValueError."""
        newest = next(newest_runs(self._output), None)
        if newest is not None and is_running(newest):
            for trial in self._begun(Run(newest)):
                self._trials.append(trial)
        for trial in list(self._trials):
            if not self._is_going_on(trial):
                self._trials.remove(trial)

    def _begun(self, run: Run) -> Iterator[_Trial]:
        if clustering.plan_of(run) is None:
            return
        for part, _ in parts(run):
            for machine, block in clustering.left(part):
                for file in (block.path / "jobs").glob("*.json"):
                    side, _, number = file.stem.rpartition("-")
                    job = block.job(side, int(number))
                    if job is None or job.job_id in self._known:
                        continue
                    self._known.add(job.job_id)
                    name = runner_of(side)
                    shown = functools.partial(placed, machine=machine, framework=name, job=job)
                    self._board.change(shown)
                    yield _Trial(job.job_id, block.path, part.path, f"{file.stem}.jsonl")

    def _is_going_on(self, trial: _Trial) -> bool:
        """Show what is new of a trial; return whether there may be more."""
        file = trial.events()
        if file is None:
            self._board.change(functools.partial(gone, job_id=trial.job_id))
            return False
        if not file.exists():
            return True
        lines = list(whole_lines(file, trial.read))
        events = [parse_event(line, ignore_unknown_fields=True) for line in lines]
        trial.read += sum(map(len, lines))
        if events:
            self._board.change(functools.partial(heard, job_id=trial.job_id, events=events))
        job = self._board.live.jobs.get(trial.job_id)
        return job is not None and job.active
