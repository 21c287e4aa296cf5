"""The known state of runners and their jobs: a pure fold over their reports."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from google.protobuf.timestamp_pb2 import Timestamp
from twinrun.contract.converters.specs import readable_spec
from twinrun.contract.enums import JobState
from twinrun.contract.events import EpochFinished
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Sentence
from orchestrator.live.curve import Curve, extended, for_steps
from orchestrator.live.runs import LiveRun
from orchestrator.runners.progress import happened
from orchestrator.trials.fold import fold
from orchestrator.trials.kinds import event_kind
from orchestrator.trials.metrics import Metric, headline

KEPT_JOBS = 12  # of each framework, the newest
KEPT_LINES = 200  # of each job, the newest
_ACTIVE = (JobState.PENDING, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a job's log, without the framework's name.

    ``sequence`` of its event; ``time`` in seconds since 1970.
    """

    sequence: int
    time: float
    text: Sentence


@dataclass(frozen=True, slots=True)
class LiveJob:
    """A training job, from its events up to ``sequence``.

    ``losses`` by step, ``metrics`` of the test split by epoch, both from 0: values of the one
    ``metric`` that stands for the task. ``seconds``: of training, if it has ended. ``rate``:
    samples a second, of the last epoch, or of the first so far. ``machine``: where it is a trial of
    a block, which is read from the run's directory; ``gone``: the block has failed.
    """

    framework: str
    job_id: str
    spec: job_pb2.JobSpec  # completed
    created: float  # seconds since 1970
    state: JobState
    sequence: int = 0
    error: str = ""
    phase: job_pb2.Phase = job_pb2.PHASE_UNSPECIFIED
    steps: int = 0
    steps_per_epoch: int = 0
    losses: Curve = field(default_factory=Curve)
    metrics: Curve = field(default_factory=Curve)
    epochs: int = 0
    epoch: EpochFinished | None = None  # the last one
    epochs_seconds: float = 0.0
    seconds: float | None = None
    rate: float | None = None
    began: tuple[int, float] | None = None  # steps at the first report, and when
    lines: tuple[Line, ...] = ()
    machine: str = ""
    gone: bool = False

    @property
    def metric(self) -> Metric:
        """The metric that stands for the task."""
        return headline(readable_spec(self.spec)[0])

    @property
    def active(self) -> bool:
        return self.state in _ACTIVE

    @property
    def all_steps(self) -> int:
        """0: not known yet."""
        return self.steps_per_epoch * self.spec.epochs


@dataclass(frozen=True, slots=True)
class Runner:
    """``address``: where it answers, None if it does not. ``seen``: whether it ever did.

    ``jobs``: the ids in its latest list.
    """

    address: str | None = None
    seen: bool = False
    jobs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Live:
    """Everything that the page shows. ``run``: None if none was made while it watched."""

    runners: Mapping[str, Runner]
    jobs: Mapping[str, LiveJob] = field(default_factory=dict)
    run: LiveRun | None = None

    def lost(self, job: LiveJob) -> bool:
        """Return whether it had not ended when its runner, or its block, was last heard from."""
        if job.machine:
            return job.active and job.gone
        runner = self.runners[job.framework]
        return job.active and (runner.address is None or job.job_id not in runner.jobs)


def answered(live: Live, framework: str, address: str | None) -> Live:
    """Record that a runner answers at the address; None: it no longer does."""
    before = live.runners[framework]
    jobs = before.jobs if address == before.address else frozenset()
    runner = Runner(address, before.seen or address is not None, jobs)
    return dataclasses.replace(live, runners={**live.runners, framework: runner})


def listed(live: Live, framework: str, found: Iterable[job_pb2.Job]) -> Live:
    """Record a runner's jobs. Training jobs are added; the oldest ones are dropped."""
    jobs = dict(live.jobs)
    training = [job for job in found if job.kind == job_pb2.JOB_KIND_TRAIN]
    for job in training:
        if job.job_id not in jobs:
            jobs[job.job_id] = _new(framework, job)
    kept = [job for job in jobs.values() if job.framework == framework and not job.machine]
    for old in sorted(kept, key=lambda job: job.created)[:-KEPT_JOBS]:
        del jobs[old.job_id]
    ids = frozenset(job.job_id for job in training)
    runner = dataclasses.replace(live.runners[framework], jobs=ids)
    return dataclasses.replace(live, runners={**live.runners, framework: runner}, jobs=jobs)


def placed(live: Live, machine: str, framework: str, job: job_pb2.Job) -> Live:
    """Record a trial of a block on a machine; the oldest of those that have ended are dropped."""
    jobs = {**live.jobs, job.job_id: dataclasses.replace(_new(framework, job), machine=machine)}
    ended = [
        each
        for each in jobs.values()
        if each.machine and each.framework == framework and (each.gone or not each.active)
    ]
    for old in sorted(ended, key=lambda each: each.created)[:-KEPT_JOBS]:
        del jobs[old.job_id]
    runner = dataclasses.replace(live.runners.get(framework, Runner()), seen=True)
    return dataclasses.replace(live, runners={**live.runners, framework: runner}, jobs=jobs)


def gone(live: Live, job_id: str) -> Live:
    """Record that the block of a job has failed."""
    job = live.jobs.get(job_id)
    if job is None:
        return live
    job = dataclasses.replace(job, gone=True)
    return dataclasses.replace(live, jobs={**live.jobs, job_id: job})


def _new(framework: str, job: job_pb2.Job) -> LiveJob:
    state = JobState[job_pb2.JobState.Name(job.state).removeprefix("JOB_STATE_")]
    return LiveJob(framework, job.job_id, job.spec, _seconds(job.create_time), state)


def heard(live: Live, job_id: str, events: Sequence[job_pb2.JobEvent]) -> Live:
    """Record a job's next events. Known events, and those of unknown jobs, are ignored."""
    job = live.jobs.get(job_id)
    if job is None:
        return live
    for event in events:
        if event.sequence > job.sequence:
            job = _after(job, event)
    return dataclasses.replace(live, jobs={**live.jobs, job_id: job})


def _after(job: LiveJob, event: job_pb2.JobEvent) -> LiveJob:
    time = _seconds(event.event_time)
    what = happened(event)
    lines = job.lines
    if what is not None and (not lines or lines[-1].text != what):
        lines = (*lines, Line(event.sequence, time, what))[-KEPT_LINES:]
    job = dataclasses.replace(job, sequence=event.sequence, lines=lines)
    kind = event_kind(event)
    match kind:
        case "steps_finished":
            return _after_steps(job, event.steps_finished, time)
        case "phase_started":
            return dataclasses.replace(job, phase=event.phase_started.phase)
        case "state_changed" | "inputs" | "epoch_finished" | "phase_finished":
            return _after_fold(job, event)
        case (
            "environment"
            | "download_progress"
            | "evaluation_finished"
            | "weights_saved"
            | "resources_used"
            | "logits_saved"
            | "model_summarized"
            | "machine_measured"
            | "profiled"
            | "images_previewed"
            | "model_traced"
            | "heartbeat"
            | None
        ):
            return job
        case _:
            assert_never(kind)


def _after_steps(job: LiveJob, chunk: job_pb2.StepsFinished, time: float) -> LiveJob:
    steps = chunk.first_step + len(chunk.losses)
    began, rate = job.began or (steps, time), job.rate
    if not job.epochs and time > began[1]:
        size = job.spec.batch_size * (job.spec.accumulate_steps or 1)
        rate = (steps - began[0]) * size / (time - began[1])
    return dataclasses.replace(
        job,
        phase=job_pb2.PHASE_TRAIN,  # reported only once, however often evaluation comes in between
        steps=steps,
        began=began,
        rate=rate,
        losses=extended(job.losses, chunk.first_step, chunk.losses, job.sequence),
    )


def _after_fold(job: LiveJob, event: job_pb2.JobEvent) -> LiveJob:
    """Apply one event, interpreted as everywhere else."""
    trial = fold(job.framework, 1, [event])
    if event.HasField("state_changed"):
        error = trial.error.message if trial.error else ""
        job = dataclasses.replace(job, state=trial.state, error=error)
    if trial.inputs is not None:
        job = dataclasses.replace(job, steps_per_epoch=trial.inputs.steps_per_epoch)
        job = dataclasses.replace(job, losses=for_steps(job.all_steps))
    for epoch in trial.epochs:
        value = job.metric.of(epoch.test)
        job = dataclasses.replace(
            job,
            epochs=epoch.epoch + 1,
            epoch=epoch,
            rate=epoch.samples_per_second,
            epochs_seconds=job.epochs_seconds + epoch.train_seconds,
            metrics=extended(
                job.metrics, epoch.epoch, [math.nan if value is None else value], job.sequence
            ),
        )
    return dataclasses.replace(job, seconds=trial.phases.get("train", job.seconds))


def _seconds(timestamp: Timestamp) -> float:
    return timestamp.ToNanoseconds() / 1e9
