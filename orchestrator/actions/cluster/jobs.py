"""Ends jobs of blocks: those that a block left, and those of a command that ends."""

from contextlib import suppress

from orchestrator.errors import OrchestratorError
from orchestrator.runners.finding import Runners
from orchestrator.trials.sides import runner_of


def end(runners: Runners, side: str, job_id: str) -> None:
    """End a job that a block left, so that it takes no time from others."""
    with suppress(OrchestratorError):  # it has ended, or its runner does not know it
        client = runners.get(runner_of(side))
        client.cancel(job_id)
        for _ in client.watch(job_id):
            pass


def cancel(runners: Runners, side: str, job_id: str) -> None:
    """Ask for its end, and wait for nothing."""
    with suppress(OrchestratorError):
        runners.get(runner_of(side)).cancel(job_id)
