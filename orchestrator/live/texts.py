"""The page's texts about a job: a title, what distinguishes it, its progress."""

import math
from collections import Counter
from typing import get_args, get_type_hints

from twinrun.contract.converters.nests import leaf_messages
from twinrun.contract.enums import JobState
from twinrun.contract.optimizers import Optimizer, optimizer_field
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import OF, number
from orchestrator.live.curve import Curve, tip
from orchestrator.live.runs import LiveRun
from orchestrator.live.state import LiveJob, Runner
from orchestrator.runners.progress import PHASES
from orchestrator.trials.mappings.names import data_title

# The page's own texts, by its names for them.
PAGE = {
    "title": Phrase("Twinrun live"),
    "connecting": Phrase("Connecting"),
    "connected": Phrase("Live"),
    "lost": Phrase("Connection lost. Retrying; start 'orchestrator live' again if it has ended."),
    "waiting": Phrase("Waiting for a job"),
    "start_one": Phrase("Start one with"),
    "no_job": Phrase("no job yet"),
    "loss": Phrase("Training loss by step"),
    "accuracy": Phrase("Test results by epoch"),
    "nothing_yet": Phrase("Nothing yet"),
    "jobs": Phrase("Jobs, newest first"),
    "log": Phrase("Log"),
    "figure_accuracy": Phrase("Test result"),
    "figure_loss": Phrase("Latest loss"),  # the curve's end; the log has those of epochs
    "figure_rate": Phrase("Samples / s"),
    "figure_seconds": Phrase("Training time"),
    "progress": Phrase("Progress"),
    "step": Phrase("step"),
    "epoch": Phrase("epoch"),
    "projector": Phrase("Projector"),
    "scripts": Phrase("This page needs JavaScript."),
}

_TITLE = Phrase("{dataset}, {epochs}, seed {seed}")
_EPOCHS = Phrase("{number} epochs")
_ONE_EPOCH = Phrase("1 epoch")
_PROOF = Phrase("{dataset}: is it the same job?")
_PROFILE = Phrase("{dataset}: in which operations the time goes")
_DETAILS = Phrase(
    "layers {layers}; batch {batch}; {optimizer} at {rate}; {precision}; recipe {recipe}; "
    "execution {execution}; {threads}"
)
_THREADS = Phrase("{number} threads")
_ONE_THREAD = Phrase("1 thread")
_EPOCH = Phrase("epoch {epoch} of {epochs}")
_RUNNER = Phrase("at {address}")
_NO_RUNNER = Phrase("no runner yet")
_GONE = Phrase("the runner is gone")
_LOST = Phrase("lost: the runner disappeared before the job had ended")
_RUN_BEGINS = Phrase("The run has begun.")
_RUN_ENDED = Phrase("The run has ended.")
_OUTCOME = Phrase("{seconds} s, {value}")
_BY_EPOCH = Phrase("{metric} by epoch")
_OPTIMIZERS = {
    optimizer_field(kind): kind.title for kind in get_args(get_type_hints(Optimizer)["kind"])
}
_NONE = "-"
_STATES = {
    JobState.PENDING: Phrase("waiting for its turn"),
    JobState.RUNNING: Phrase("running"),
    JobState.SUCCEEDED: Phrase("finished"),
    JobState.FAILED: Phrase("failed"),
    JobState.CANCELLED: Phrase("cancelled"),
}


def title(spec: job_pb2.JobSpec, machine: str = "") -> str:
    """Return what a group of jobs is; ``machine``: where its block runs, if there are several."""
    if machine:
        return say(OF, name=machine, what=title(spec))
    dataset = data_title(spec.dataset)
    if spec.report_step_details:
        return say(_PROOF, dataset=dataset)
    if spec.profile:
        return say(_PROFILE, dataset=dataset)
    epochs = say(_ONE_EPOCH) if spec.epochs == 1 else say(_EPOCHS, number=spec.epochs)
    return say(_TITLE, dataset=dataset, epochs=epochs, seed=spec.seed)


def details(spec: job_pb2.JobSpec) -> str:
    """Return what people ask about a job that they see on a wall."""
    kinds = Counter(layer.WhichOneof("kind") for layer in leaf_messages(spec.layers))
    kinds = Counter({kind: n for kind, n in kinds.items() if kind not in ("flatten", "activation")})
    return say(
        _DETAILS,
        layers=", ".join(f"{n} {kind}" for kind, n in kinds.items()),
        batch=spec.batch_size,
        optimizer=_OPTIMIZERS.get(spec.optimizer.WhichOneof("kind") or "", ""),
        rate=f"{spec.optimizer.learning_rate:g}",
        precision=_name(job_pb2.Precision, "PRECISION", spec.precision),
        execution=_name(job_pb2.Execution, "EXECUTION", spec.execution),
        recipe=_name(job_pb2.Recipe, "RECIPE", spec.recipe),
        threads=say(_ONE_THREAD) if spec.threads == 1 else say(_THREADS, number=spec.threads),
    )


def _name(enum: object, prefix: str, value: int) -> str:
    return str(enum.Name(value)).removeprefix(f"{prefix}_").lower()  # type: ignore[attr-defined]


def run_title(found: LiveRun) -> str:
    return say(OF, name=found.name, what=found.label) if found.label else found.name


def run_text(found: LiveRun) -> str:
    if found.text is not None:
        return say(found.text)
    return say(_RUN_BEGINS if found.running else _RUN_ENDED)


def runner(found: Runner) -> str:
    if found.address is not None:
        return say(_RUNNER, address=found.address)
    return say(_GONE if found.seen else _NO_RUNNER)


def state(job: LiveJob, *, lost: bool) -> str:
    if lost:
        return say(_LOST)
    if job.state is JobState.RUNNING and job.phase in PHASES:
        return say(PHASES[job.phase])
    return say(_STATES[job.state])


def progress(job: LiveJob) -> str:
    """Return the progress; empty before the first step."""
    if not job.steps:
        return ""
    current = min(job.epochs + job.active, job.spec.epochs)
    return say(_EPOCH, epoch=current, epochs=job.spec.epochs)


def figures(job: LiveJob) -> dict[str, str]:
    """Return the numbers beside the curves; a dash for those not known yet."""
    seconds = job.seconds if job.seconds is not None else job.epochs_seconds or None
    return {
        "accuracy": _metric(job),
        "loss": _loss(job.losses),
        "rate": f"{job.rate:,.0f}" if job.rate else _NONE,
        "seconds": f"{number(seconds)} s" if seconds else _NONE,
    }


def metric(job: LiveJob) -> dict[str, object]:
    """Return how the page names the metric of the task, and whether it is a share."""
    found = job.metric
    return {
        "heading": say(found.heading),
        "by_epoch": say(_BY_EPOCH, metric=found.heading),
        "is_share": found.is_share,
    }


def _metric(job: LiveJob) -> str:
    """Return the metric of the last epoch."""
    value = job.metric.of(job.epoch.test) if job.epoch else None
    return _NONE if value is None else job.metric.written(value)


def _loss(losses: Curve) -> str:
    """Return the end of the curve, or the exact last value if that is not finite."""
    if losses.last is None:
        return _NONE
    value = losses.last[1]
    mean = tip(losses)
    return number(mean if mean is not None and math.isfinite(value) else value)


def outcome(job: LiveJob, *, lost: bool) -> str:
    """Return the outcome for the list of jobs."""
    if job.state is not JobState.SUCCEEDED or job.epoch is None or job.seconds is None:
        return state(job, lost=lost)
    value = _metric(job)
    if not job.metric.is_share:
        value = say(OF, name=job.metric.heading, what=value)
    return say(_OUTCOME, seconds=number(job.seconds), value=value)
