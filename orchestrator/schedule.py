"""Which trial runs where and when: one at a time, so that none disturbs another's clock."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator.client import Client
from orchestrator.errors import JobFailed, OutputError, RunnerUnavailable
from orchestrator.runners import Runners
from orchestrator.store import Run
from orchestrator.words import state_name

# Told of each event: the framework, the event.
Listener = Callable[[str, job_pb2.JobEvent], None]


@dataclass(frozen=True, slots=True)
class Placement:
    """One trial: which framework, and which of its trials, from 1."""

    framework: str
    number: int


def placements(frameworks: Sequence[str]) -> Iterator[Placement]:
    """The order of the trials: one of each framework, as named."""
    for framework in frameworks:
        yield Placement(framework, 1)


def run_trials(
    order: Iterable[Placement],
    spec: job_pb2.JobSpec,
    runners: Runners,
    run: Run,
    listener: Listener,
) -> list[str]:
    """Run the trials and keep all that they report; return what went wrong, a sentence each.

    Every trial gets the spec as the first one's runner completed it, so that none fills in a
    default of its own. A trial that fails keeps none of the others from running. On
    KeyboardInterrupt the running trial is cancelled, and what it had finished is kept.
    """
    faults = []
    environments: dict[str, job_pb2.Environment] = {}
    for placement in order:
        client = runners.get(placement.framework)
        job = client.train(spec, request_id=uuid.uuid4().hex)
        if spec != job.spec:
            spec = job.spec
            run.write_spec(spec)
        try:
            _follow(client, job, placement, run, listener)
        except RunnerUnavailable as error:
            faults.append(error.message)
            continue
        finally:
            for event in run.events(placement.framework, placement.number):
                if event.HasField("environment"):
                    environments[placement.framework] = event.environment
            run.write_environments(environments)
        try:
            _finish(client, job, placement, run)
        except JobFailed as error:
            faults.append(error.message)
    return faults


def _follow(
    client: Client, job: job_pb2.Job, placement: Placement, run: Run, listener: Listener
) -> None:
    """Keep the events as they come."""
    framework, number = placement.framework, placement.number
    run.write_job(framework, number, job)
    with run.open_events(framework, number) as log:

        def keep(events: Iterator[job_pb2.JobEvent]) -> None:
            for event in events:
                log.append(event)
                listener(framework, event)

        try:
            keep(client.watch(job.job_id))
        except KeyboardInterrupt:
            client.cancel(job.job_id)
            keep(client.watch(job.job_id, after=log.last_sequence))
            raise
        except OutputError:  # what cannot be kept need not be run
            client.cancel(job.job_id)
            raise


def _finish(client: Client, job: job_pb2.Job, placement: Placement, run: Run) -> None:
    """Fetch the weights of a trial that succeeded. Raises JobFailed of any other."""
    framework, number = placement.framework, placement.number
    ended = client.job(job.job_id)
    run.write_job(framework, number, ended)
    raise_unless_succeeded(ended, framework)
    run.write_initial_weights(client.weights(job.job_id, job_pb2.WEIGHTS_KIND_INITIAL))
    run.write_weights(framework, number, client.weights(job.job_id, job_pb2.WEIGHTS_KIND_FINAL))


def raise_unless_succeeded(job: job_pb2.Job, framework: str) -> None:
    """Raises JobFailed with the job's own reason."""
    if job.state != job_pb2.JOB_STATE_SUCCEEDED:
        raise JobFailed(
            f"{framework}: the job {job.job_id} {state_name(job.state)}: {job.error.message}"
        )
