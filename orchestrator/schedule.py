"""Which trial runs where and when: one at a time, so that none disturbs another's clock.

Trials that have a GPU each may run at the same time.
"""

import contextvars
import itertools
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator.client import Client
from orchestrator.errors import (
    BadInput,
    JobFailed,
    OrchestratorError,
    OutputError,
    RunnerUnavailable,
    WrongReport,
)
from orchestrator.gate.fault import Fault, Origin
from orchestrator.gate.peers import Peers
from orchestrator.gate.refusal import failed, refusal
from orchestrator.gate.spec import check_same
from orchestrator.language import Phrase, Sentence, english
from orchestrator.placement import Placement
from orchestrator.runners import Runners
from orchestrator.sides import framework_of
from orchestrator.states import state_name
from orchestrator.store import Run
from orchestrator.words import label

_ON_A_CPU = Phrase("trials on a CPU would take each other's time")
_NO_GPU = Phrase("the {framework} runner does not tell which GPU it uses")
_ONE_GPU = Phrase("the {first} and {second} runners both use the GPU {gpu}")
_ENDED = Phrase("{framework}: the job {job_id} {state}: {message}")

# Told of each event: the side, the event.
Listener = Callable[[str, job_pb2.JobEvent], None]


@dataclass(frozen=True, slots=True)
class _Trial:
    """One that has been submitted."""

    placement: Placement
    client: Client
    job: job_pb2.Job


def completed(
    spec: job_pb2.JobSpec, frameworks: Sequence[str], runners: Runners
) -> job_pb2.JobSpec:
    """The spec with every default filled in, so that no trial fills in one of its own.

    Raises BadInput where a runner refuses it, WrongRunner where two do not make the same of it.
    """
    clients = [runners.get(name) for name in frameworks]
    whole = job_pb2.JobSpec()
    whole.CopyFrom(spec)
    if not whole.HasField("threads"):
        whole.threads = min(client.info().available_cpus for client in clients)
    given = [client.validate(whole) for client in clients]  # each may refuse
    check_same([client.framework for client in clients], given)
    return given[0]


def why_not_at_once(
    spec: job_pb2.JobSpec, environments: Mapping[str, job_pb2.Environment | None]
) -> Sentence | None:
    """Why trials of the frameworks may not run at the same time; None: each has its own GPU.

    ``environments`` by framework, None where it is not known.
    """
    if spec.device != job_pb2.DEVICE_CUDA:
        return english(_ON_A_CPU)
    users: dict[str, str] = {}
    for framework, environment in environments.items():
        # Of the GPUs that it sees, a trial takes the first.
        gpus = environment.accelerators if environment else ()
        gpu = gpus[0].uuid if gpus else ""
        if not gpu:
            return english(_NO_GPU, framework=label(framework))
        if gpu in users:
            names = {"first": label(users[gpu]), "second": label(framework)}
            return english(_ONE_GPU, **names, gpu=gpu)
        users[gpu] = framework
    return None


def run_trials(
    order: Iterable[Placement],
    runners: Runners,
    run: Run,
    listener: Listener,
    *,
    at_once: bool = False,
) -> list[Sentence]:
    """Run the trials and keep all that they report; return what went wrong, a sentence each.

    ``at_once``: those of the same number run at the same time, and are fetched when all have
    ended. A trial that fails keeps none of the others from running. On KeyboardInterrupt those
    that run are cancelled, and what they had finished is kept.
    """
    trials = _Trials(runners, run, listener)
    for group in _groups(order, at_once):
        trials.run(group)
    return trials.faults


def _groups(order: Iterable[Placement], at_once: bool) -> Iterator[list[Placement]]:
    """The trials of each group run at the same time."""
    if at_once:
        for _, group in itertools.groupby(order, key=lambda placement: placement.number):
            yield list(group)
    else:
        for placement in order:
            yield [placement]


class _Trials:
    """Runs trials, a group at a time, and keeps what they report in ``run``."""

    def __init__(self, runners: Runners, run: Run, listener: Listener) -> None:
        self.faults: list[Sentence] = []
        self._runners = runners
        self._run = run
        self._listener = listener
        self._listening = threading.Lock()
        self._peers = Peers()
        self._environments: dict[str, job_pb2.Environment] = {}

    def run(self, group: Sequence[Placement]) -> None:
        submitted = filter(None, map(self._submit, group))
        try:
            if len(group) == 1:
                ended = [(trial, self._watch(trial)) for trial in submitted]
            else:
                ended = self._watch_at_once(submitted)
        finally:
            self._run.write_environments(self._environments)
        for trial, fault in ended:
            found = fault or self._fetch(trial)
            if found:
                self.faults.append(found)

    def _submit(self, placement: Placement) -> _Trial | None:
        """None: what its runner made of it cannot be, so that it has failed."""
        client = self._runners.get(placement.framework)
        try:
            job = client.train(placement.spec, uuid.uuid4().hex, placement.process)
        except WrongReport as error:
            self.faults.append(error.message)
            self._fail(placement, job_pb2.Job(spec=placement.spec), error)
            return None
        return _Trial(placement, client, job)

    def _watch(self, trial: _Trial) -> Sentence | None:
        """To its end. What went wrong with its runner, if anything did."""
        try:
            _follow(trial.client, trial.job, trial.placement, self._run, self._listen)
        except WrongReport as error:
            self._fail(trial.placement, trial.job, error)
            return error.message
        except Fault as fault:  # against what other runners reported
            client, job_id = trial.client, trial.job.job_id
            wrong = WrongReport(Origin(client.framework, client.address, job_id).said(fault))
            with suppress(OrchestratorError):
                client.cancel(job_id)
            self._fail(trial.placement, trial.job, wrong)
            return wrong.message
        except (RunnerUnavailable, BadInput) as error:
            return error.message
        return None

    def _watch_at_once(self, submitted: Iterator[_Trial]) -> list[tuple[_Trial, Sentence | None]]:
        """Each in a thread of its own. Where anything is raised, all are cancelled."""
        watching: dict[Future[Sentence | None], _Trial] = {}
        with ThreadPoolExecutor() as threads:
            try:
                for trial in submitted:
                    in_language = contextvars.copy_context().run
                    watching[threads.submit(in_language, self._watch, trial)] = trial
                for future in as_completed(watching):
                    future.result()
            except BaseException:  # Ctrl-C comes to this thread alone
                for trial in watching.values():
                    with suppress(OrchestratorError):
                        trial.client.cancel(trial.job.job_id)
                raise  # once all have been watched to their ends
        return [(trial, future.result()) for future, trial in watching.items()]

    def _fetch(self, trial: _Trial) -> Sentence | None:
        """What kept its results from being fetched, if anything did."""
        try:
            _finish(trial.client, trial.job, trial.placement, self._run)
        except WrongReport as error:
            self._fail(trial.placement, trial.job, error)
            return error.message
        except (JobFailed, RunnerUnavailable, BadInput) as error:
            return error.message
        return None

    def _fail(self, placement: Placement, job: job_pb2.Job, error: WrongReport) -> None:
        """Keep that the trial has failed, whatever its runner says of it."""
        side, number = placement.side, placement.number
        with self._run.open_events(side, number) as log:
            event = refusal(log.last_sequence + 1, error.message)
            log.append(event)
        self._run.write_job(side, number, failed(job, error.message))
        self._listen(side, event)

    def _listen(self, side: str, event: job_pb2.JobEvent) -> None:
        self._peers.check(framework_of(side), event)
        with self._listening:
            if event.HasField("environment"):
                self._environments[side] = event.environment
            self._listener(side, event)


def _follow(
    client: Client, job: job_pb2.Job, placement: Placement, run: Run, listener: Listener
) -> None:
    """Keep the events as they come."""
    side, number = placement.side, placement.number
    run.write_job(side, number, job)
    with run.open_events(side, number) as log:

        def keep(events: Iterator[job_pb2.JobEvent]) -> None:
            for event in events:
                log.append(event)
                listener(side, event)

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
    """Fetch weights and logits of a trial that succeeded. Raises JobFailed of any other."""
    side, number = placement.side, placement.number
    ended = client.job(job.job_id)
    run.write_job(side, number, ended)
    raise_unless_succeeded(ended, placement.framework)
    initial = client.weights(job.job_id, job_pb2.WEIGHTS_KIND_INITIAL)
    run.write_initial_weights(side, number, initial)
    run.write_weights(side, number, client.weights(job.job_id, job_pb2.WEIGHTS_KIND_FINAL))
    run.write_logits(side, number, client.logits(job.job_id))


def raise_unless_succeeded(job: job_pb2.Job, framework: str) -> None:
    """Raises JobFailed with the job's own reason."""
    if job.state != job_pb2.JOB_STATE_SUCCEEDED:
        raise JobFailed(
            english(
                _ENDED,
                framework=framework,
                job_id=job.job_id,
                state=state_name(job.state),
                message=job.error.message,
            )
        )
