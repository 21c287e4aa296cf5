"""The blocks of a sweep on one machine, one after the other."""

from orchestrator.actions.cluster import jobs
from orchestrator.actions.sweeps.blocks import Cell, Queue, cell_of, placed
from orchestrator.actions.sweeps.work import Work
from orchestrator.errors import CannotRun
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import logged
from orchestrator.runners.schedule import run_trials
from orchestrator.storage import sweeping
from orchestrator.storage.store import Run


class Alone:
    """One machine, by its ``runners``."""

    def __init__(self, runners: Runners) -> None:
        self._runners = runners

    def runners(self) -> Runners:
        """Return them."""
        return self._runners

    def taken_up(self, cell: Run) -> Cell:
        """Return a cell with what it has. Raises OutputError, RunUnreadable."""
        ended = sweeping.ended(cell, cell.about().sides)
        for trial in sweeping.begun(cell, ended):
            job = cell.job(trial.framework, trial.number)
            if job is not None and job.job_id:
                jobs.end(self._runners, trial.framework, job.job_id)
            sweeping.discard(cell, trial)
        return cell_of(cell, ended)

    def run(self, work: Work, queue: Queue) -> None:
        """Run one block after the other."""
        for cell, number in queue:
            work.begun(queue, cell, number)
            order = list(
                placed(cell, number, work.request.sides, work.request.plan, work.plan.seed)
            )
            with logged(cell.run.log_path, work.display) as listen:
                try:
                    faults = run_trials(order, self._runners, cell.run, listen)
                except CannotRun as error:  # what this cell lacks, others may not need
                    faults = [error.message]
            work.ended(queue, cell, number, faults)
