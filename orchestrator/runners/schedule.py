"""Where and when each trial runs: one at a time, so that none disturbs another's clock.

Trials that have a GPU each may run at the same time.
"""

import itertools
import math
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from twinrun.contract.converters.failures import failure_from_status
from twinrun.contract.reasons import Reason
from twinrun.v1 import job_pb2

from orchestrator.errors import (
    BadInput,
    CannotRun,
    JobFailed,
    OrchestratorError,
    OutputError,
    RunnerUnavailable,
    WrongReport,
)
from orchestrator.gate.fault import Fault, Origin
from orchestrator.gate.peers import Peers
from orchestrator.gate.refusal import failed, refusal
from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import LINES, label
from orchestrator.runners.apart import AtOnce, start
from orchestrator.runners.client import Client
from orchestrator.runners.finding import Runners
from orchestrator.runners.placement import Placement
from orchestrator.storage.store import Run
from orchestrator.trials.states import state_name

_ENDED = Phrase("{framework}: the job {job_id} {state}: {message}")
_CANCELLING = Phrase("waiting for the {framework} runner to cancel, at most {seconds:g} s")
_CANCEL_SECONDS = 10.0

# Every job of the same spec fails for these.
_ALWAYS = {Reason.DATA_UNAVAILABLE, Reason.DEVICE_UNAVAILABLE, Reason.IMPORT_FAILED}
# Receives each event: the side, the event.
Listener = Callable[[str, job_pb2.JobEvent], None]


@dataclass(frozen=True, slots=True)
class _Trial:
    """A trial that has been submitted."""

    placement: Placement
    client: Client
    job: job_pb2.Job


def run_trials(
    order: Iterable[Placement],
    runners: Runners,
    run: Run,
    listener: Listener,
    *,
    at_once: bool = False,
) -> list[Sentence]:
    """Run the trials and store their reports; return what went wrong, a sentence each.

    ``at_once``: trials with the same number run at the same time, and are fetched when all have
    ended. A failed trial does not keep the others from running. On KeyboardInterrupt running trials
    are cancelled, and what they had finished is kept. The same holds if a runner is lost, which
    raises RunnerUnavailable with everything that went wrong until then. CannotRun ends all.
    """
    trials = _Trials(runners, run, listener)
    for group in _groups(order, at_once):
        try:
            trials.run(group)
        except RunnerUnavailable as error:
            raise RunnerUnavailable(join(LINES, [*trials.faults, error.message])) from error
    return trials.faults


def _groups(order: Iterable[Placement], at_once: bool) -> Iterator[list[Placement]]:
    """Yield groups; the trials of each run at the same time."""
    if at_once:
        for _, group in itertools.groupby(order, key=lambda placement: placement.number):
            yield list(group)
    else:
        for placement in order:
            yield [placement]


class _Trials:
    """Runs trials, a group at a time, and stores their reports in ``run``."""

    def __init__(self, runners: Runners, run: Run, listener: Listener) -> None:
        self.faults: list[Sentence] = []
        self._runners = runners
        self._run = run
        self._listener = listener
        self._listening = threading.Lock()
        self._peers = Peers()
        self._environments: dict[str, job_pb2.Environment] = {}

    def run(self, group: Sequence[Placement]) -> None:
        ended: list[_Trial] = []
        lost: RunnerUnavailable | CannotRun | None = None
        try:
            if len(group) == 1:
                trial = self._submit(group[0])
                if trial is not None and self._watch(trial):
                    ended.append(trial)
            else:
                self._watch_at_once(group, ended)
        except RunnerUnavailable as error:
            lost = error
        finally:
            self._run.write_environments(self._environments)
            self._run.write_runners(self._runners.taken())
        for trial in ended:
            try:
                fault = self._fetch(trial)
            except (RunnerUnavailable, CannotRun) as error:
                lost = lost or error
            else:
                self.faults += [fault] if fault else []
        if lost is not None:
            raise lost

    def _submit(self, placement: Placement) -> _Trial | None:
        """Submit a trial. None: its runner answered with something impossible, so it has failed."""
        client = self._runners.get(placement.runner)
        request_id = uuid.uuid4().hex
        try:
            job = client.train(placement.spec, request_id, placement.process)
        except KeyboardInterrupt:  # it may have been accepted
            with hurried(client, self._runners.tell), suppress(OrchestratorError):
                taken = client.train(placement.spec, request_id, placement.process)
                client.cancel(taken.job_id)
            raise
        except WrongReport as error:
            self.faults.append(error.message)
            self._fail(placement, job_pb2.Job(spec=placement.spec), error)
            return None
        return _Trial(placement, client, job)

    def _watch(self, trial: _Trial) -> bool:
        """Store its events as they arrive, to its end; return whether all are valid.

        Raises RunnerUnavailable if it is lost.
        """
        try:
            self._follow(trial)
        except WrongReport as error:
            self._refuse(trial, error)
        except Fault as fault:  # contradicts what other runners reported
            client, job_id = trial.client, trial.job.job_id
            _cancel(trial)
            self._refuse(
                trial, WrongReport(Origin(client.framework, client.address, job_id).said(fault))
            )
        except BadInput as error:
            self.faults.append(error.message)
        else:
            return True
        return False

    def _refuse(self, trial: _Trial, error: WrongReport) -> None:
        self.faults.append(error.message)
        self._fail(trial.placement, trial.job, error)

    def _follow(self, trial: _Trial) -> None:
        client, job_id = trial.client, trial.job.job_id
        side, number = trial.placement.side, trial.placement.number
        self._run.write_job(side, number, trial.job)
        log = self._run.open_events(side, number)

        def keep(events: Iterator[job_pb2.JobEvent]) -> None:
            for event in events:
                log.append(event)
                self._listen(side, event)

        try:
            keep(client.watch(job_id))
        except KeyboardInterrupt:
            with hurried(client, self._runners.tell), suppress(OrchestratorError):
                client.cancel(job_id)
                keep(client.watch(job_id, after=log.last_sequence))
            raise
        except OutputError:  # results that cannot be stored need not be computed
            _cancel(trial)
            raise

    def _watch_at_once(self, group: Sequence[Placement], ended: list[_Trial]) -> None:
        """Watch each trial in a thread of its own. If one raises, the others are cancelled."""
        trials: dict[str, _Trial] = {}
        watched = AtOnce()
        try:
            for placement in group:
                trial = self._submit(placement)
                if trial is not None:
                    trials[placement.side] = trial
                    watched.begin(placement.side, partial(self._watch, trial))
            for _ in trials:
                watched.wait()
        except BaseException:  # only this thread receives Ctrl-C
            # A hurried client stays so until all have been watched to their ends.
            with ExitStack() as limits:
                for side in list(watched.running):
                    limits.enter_context(hurried(trials[side].client, self._runners.tell))
                    start(partial(_cancel, trials[side]))
                while watched.running:
                    with suppress(Exception):
                        watched.wait()
            raise
        finally:
            ended += [trials[side] for side, valid in watched.results.items() if valid]

    def _fetch(self, trial: _Trial) -> Sentence | None:
        """Fetch results; return why there are none, if so. Raises RunnerUnavailable, CannotRun."""
        try:
            _finish(trial.client, trial.job, trial.placement, self._run)
        except WrongReport as error:
            self._fail(trial.placement, trial.job, error)
            return error.message
        except (JobFailed, BadInput) as error:
            if isinstance(error, CannotRun):
                raise
            return error.message
        return None

    def _fail(self, placement: Placement, job: job_pb2.Job, error: WrongReport) -> None:
        """Record that the trial has failed, whatever its runner says about it."""
        side, number = placement.side, placement.number
        log = self._run.open_events(side, number)
        event = refusal(log.last_sequence + 1, error.message)
        log.append(event)
        self._run.write_job(side, number, failed(job, error.message))
        self._listen(side, event)

    def _listen(self, side: str, event: job_pb2.JobEvent) -> None:
        self._peers.check(side, event)
        with self._listening:
            if event.HasField("environment"):
                self._environments[side] = event.environment
            self._listener(side, event)


@contextmanager
def hurried(client: Client, tell: Callable[[str], None]) -> Iterator[None]:
    """Limit waiting for the runner to what cancelling may take in the block, and say so."""
    tell(say(_CANCELLING, framework=label(client.framework), seconds=_CANCEL_SECONDS))
    client.limit(_CANCEL_SECONDS)
    try:
        yield
    finally:
        client.limit(math.inf)


def _cancel(trial: _Trial) -> None:
    with suppress(OrchestratorError):
        trial.client.cancel(trial.job.job_id)


def _finish(client: Client, job: job_pb2.Job, placement: Placement, run: Run) -> None:
    """Fetch weights and logits of a trial that succeeded. Raises JobFailed for any other."""
    side, number = placement.side, placement.number
    ended = client.job(job.job_id)
    run.write_job(side, number, ended)
    raise_unless_succeeded(ended, placement.runner)
    initial = client.weights(job.job_id, job_pb2.WEIGHTS_KIND_INITIAL)
    run.write_initial_weights(side, number, initial)
    run.write_weights(side, number, client.weights(job.job_id, job_pb2.WEIGHTS_KIND_FINAL))
    run.write_logits(side, number, client.logits(job.job_id))


def raise_unless_succeeded(job: job_pb2.Job, framework: str) -> None:
    """Raise JobFailed with the job's own reason unless it succeeded; CannotRun if none could."""
    if job.state != job_pb2.JOB_STATE_SUCCEEDED:
        kind = CannotRun if failure_from_status(job.error).reason in _ALWAYS else JobFailed
        raise kind(
            english(
                _ENDED,
                framework=framework,
                job_id=job.job_id,
                state=state_name(job.state),
                message=job.error.message,
            )
        )
