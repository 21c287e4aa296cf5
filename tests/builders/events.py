"""Makes the events of a trial as a runner sends them, from a few numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from orchestrator.trials.fold import fold
from orchestrator.trials.spec import spec_from_mapping
from orchestrator.trials.trial import Trial

STEPS = 50  # in an epoch
SAMPLES = 3200
SPEC: dict[str, Any] = {
    "dataset": {"name": "mnist"},
    "layers": [{"flatten": {}}, {"dense": {"units": 10}}],
    "optimizer": {"learning_rate": 0.001, "adam": {"beta_1": 0.9}},
    "epochs": 3,
    "batch_size": 64,
    "seed": 0,
    "threads": 2,
    "precision": "PRECISION_FLOAT32",
    "device": "DEVICE_CPU",
}


def job(**changes: Any) -> JobSpec:
    """`SPEC` with changes in JSON mapping."""
    return spec_from_mapping({**SPEC, **changes}, "a test")


JOB = job()
PHASES = {"import": 4.2, "data": 0.4, "build": 0.1, "compile": 0.6}
VERSIONS = {"pytorch": "2.14.1", "tensorflow": "2.21.0"}


def duration(seconds: float) -> Duration:
    made = Duration()
    made.FromNanoseconds(round(seconds * 1e9))
    return made


def losses(epochs: int, steps: int = STEPS, seed: int = 0) -> list[float]:
    """Falling and noisy, as they are."""
    step = np.arange(epochs * steps)
    mean = 0.05 + 2.2 / (1 + step / (0.06 * steps)) ** 0.8
    spread = 0.35 * np.random.default_rng(seed).standard_normal(len(step))
    values: list[float] = (mean * np.exp(spread)).tolist()
    return values


def numbered(events: Sequence[job_pb2.JobEvent]) -> list[job_pb2.JobEvent]:
    for sequence, event in enumerate(events, start=1):
        event.sequence = sequence
        event.event_time.FromSeconds(1_800_000_000 + sequence)
    return list(events)


def state(name: str, reason: str = "", message: str = "") -> job_pb2.JobEvent:
    event = job_pb2.JobEvent()
    event.state_changed.state = job_pb2.JobState.Value(f"JOB_STATE_{name}")
    if reason:
        event.state_changed.error.code = 13
        event.state_changed.error.message = message
        info = error_details_pb2.ErrorInfo(reason=reason, domain="twinrun")
        event.state_changed.error.details.add().Pack(info)
    return event


def phase(name: str, seconds: float) -> job_pb2.JobEvent:
    finished = job_pb2.PhaseFinished(
        phase=job_pb2.Phase.Value(f"PHASE_{name.upper()}"),
        duration=duration(seconds),
        cpu_duration=duration(2 * seconds),
    )
    return job_pb2.JobEvent(phase_finished=finished)


def epoch_events(
    epoch: int, values: Sequence[float], seconds: float, accuracy: float, samples: int
) -> list[job_pb2.JobEvent]:
    first = epoch * len(values)
    chunks = [
        job_pb2.StepsFinished(
            epoch=epoch, first_step=first + start, losses=values[start : start + 20]
        )
        for start in range(0, len(values), 20)
    ]
    finished = job_pb2.EpochFinished(
        epoch=epoch,
        train_duration=duration(seconds),
        evaluate_duration=duration(seconds / 10),
        train_loss=float(np.mean(values)),
        test=job_pb2.Metrics(loss=1.1 * float(np.mean(values)), accuracy=accuracy, samples=1000),
        samples_per_second=samples / seconds,
    )
    return [
        *(job_pb2.JobEvent(steps_finished=chunk) for chunk in chunks),
        job_pb2.JobEvent(epoch_finished=finished),
    ]


def trial_events(
    framework: str = "pytorch",
    *,
    seconds: Sequence[float] = (1.2, 1.1, 1.1),
    accuracies: Sequence[float] | None = None,
    step_losses: Sequence[float] | None = None,
    samples: int = SAMPLES,
    inputs: dict[str, str] | None = None,
    detailed: bool = False,
    phases: dict[str, float] | None = None,
    taken: int | None = None,
    image: str = "",
) -> list[job_pb2.JobEvent]:
    """Of a trial that succeeded; ``seconds`` are those of its epochs' training.

    ``taken``: of the ``samples`` those that an epoch trains on; None: all.
    """
    epochs = len(seconds)
    step_losses = losses(epochs) if step_losses is None else step_losses
    steps = len(step_losses) // epochs
    accuracies = accuracies or [0.98 - 0.04 / (1 + epoch) for epoch in range(epochs)]
    digests = {f"{name}_sha256": 64 * "a" for name in ("data", "initial_weights", "batch_order")}
    given = job_pb2.Inputs(
        **{**digests, **(inputs or {})},
        train_samples=samples,
        test_samples=1000,
        parameter_count=109_386,
        steps_per_epoch=steps,
    )
    environment = job_pb2.Environment(
        framework=framework,
        framework_version=VERSIONS.get(framework, "1.0"),
        python_version="3.11.7",
        threads=2,
        image=image,
        accelerators=[job_pb2.Accelerator(name="GPU", memory_bytes=80_000_000_000)],
    )
    spent = {**PHASES, **(phases or {})}
    events = [
        state("PENDING"),
        state("RUNNING"),
        *(phase(name, spent[name]) for name in ("import", "data", "build")),
        job_pb2.JobEvent(environment=environment),
        job_pb2.JobEvent(inputs=given),
        phase("compile", spent["compile"]),
    ]
    for epoch in range(epochs):
        values = step_losses[epoch * steps : (epoch + 1) * steps]
        events += epoch_events(epoch, values, seconds[epoch], accuracies[epoch], taken or samples)
    if detailed:
        for event in events:
            if event.HasField("steps_finished"):
                _add_details(event.steps_finished)
    used = job_pb2.ResourcesUsed(peak_memory_bytes=612_000_000)
    events += [
        phase("train", sum(seconds)),
        phase("evaluate", sum(seconds) / 10),
        job_pb2.JobEvent(resources_used=used),
        state("SUCCEEDED"),
    ]
    return numbered(events)


def _add_details(chunk: job_pb2.StepsFinished) -> None:
    """Numbers that follow from the losses, so that trials of the same losses have the same."""
    values = list(chunk.losses)
    chunk.details.ordered_losses.extend(1.5 * value for value in values)
    chunk.details.accuracies.extend([0.5] * len(values))
    for index, parameter in enumerate(("layers.1.kernel", "layers.1.bias")):
        norms = [value + index for value in values]
        chunk.details.gradient_norms.add(parameter=parameter, norms=norms)


def trial(framework: str = "pytorch", number: int = 1, **given: Any) -> Trial:
    """A trial that succeeded."""
    return fold(framework, number, trial_events(framework, **given), JOB)


def failed_events(framework: str, after: int = 1) -> list[job_pb2.JobEvent]:
    """Of a trial whose process died within the epoch after so many."""
    events = trial_events(framework)
    ended = [i for i, event in enumerate(events) if event.HasField("epoch_finished")]
    cut = ended[after - 1] + 2 if after else 7
    died = state("FAILED", "CHILD_DIED", "The process was ended by signal 9 (SIGKILL).")
    return numbered([*events[:cut], died])


def failed_trial(framework: str = "tensorflow", number: int = 1, after: int = 1) -> Trial:
    return fold(framework, number, failed_events(framework, after), JOB)
