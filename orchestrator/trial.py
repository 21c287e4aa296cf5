"""A trial: one execution of one job on one framework, folded from its events."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from numpy.typing import NDArray
from twinrun.v1 import job_pb2


class State(StrEnum):
    """The job's, as last heard: a trial that nobody watched to its end stays ``running``."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed or was cancelled; ``reason`` is empty where the runner gave none."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Metrics:
    """On the test split: mean cross-entropy, accuracy in 0..1, number of samples."""

    loss: float
    accuracy: float
    samples: int


@dataclass(frozen=True, slots=True)
class Epoch:
    """One finished epoch, counted from 0."""

    epoch: int
    train_seconds: float
    evaluate_seconds: float
    train_loss: float
    test_loss: float
    test_accuracy: float
    samples_per_second: float
    data_wait_seconds: float = 0.0
    running_accuracy: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StepDetails:
    """What is known of each step beside its loss: float64[steps] each, as in job.proto.

    ``gradient_norms`` by parameter, in model order.
    """

    ordered_losses: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    gradient_norms: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What went in: fields as in job.proto, digests SHA-256."""

    data_sha256: str
    initial_weights_sha256: str
    batch_order_sha256: str
    train_samples: int
    test_samples: int
    parameter_count: int
    steps_per_epoch: int


@dataclass(frozen=True, slots=True)
class AcceleratorUsed:
    """A GPU while the trial trained, by NVML, as in job.proto; None: the device does not tell."""

    uuid: str
    samples: int
    peak_memory_bytes: int | None
    mean_utilization: float | None
    mean_power_watts: float | None
    energy_joules: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What is known of a trial. One that failed or was cancelled keeps whatever it had finished.

    ``phases`` and ``cpu_seconds``: wall and CPU seconds by the phase's name, finished phases only.
    ``losses``: float64[steps], each the mean over its batch; NaN where a step was not reported.
    ``details``: where the spec asked for them.
    ``spec``: the spec as the runner completed it, in JSON mapping. None: not reported.
    """

    framework: str
    number: int
    state: State
    error: Failure | None
    spec: dict[str, Any] | None
    environment: job_pb2.Environment | None
    inputs: Inputs | None
    phases: Mapping[str, float]
    cpu_seconds: Mapping[str, float]
    epochs: tuple[Epoch, ...]
    losses: NDArray[np.float64]
    details: StepDetails | None
    evaluation: Metrics | None
    peak_memory_bytes: int | None
    peak_device_memory_bytes: int | None
    accelerator: AcceleratorUsed | None

    @property
    def name(self) -> str:
        """As its files are named."""
        return f"{self.framework}-{self.number}"

    def seconds(self, phase: str) -> float | None:
        """Wall seconds of a phase; of a part that did not end, those of its finished epochs."""
        if phase in self.phases:
            return self.phases[phase]
        parts = [getattr(epoch, f"{phase}_seconds", None) for epoch in self.epochs]
        found = [part for part in parts if part is not None]
        return sum(found) if found else None

    @property
    def trained_samples(self) -> int:
        """Training samples of all finished epochs together."""
        return self.inputs.train_samples * len(self.epochs) if self.inputs else 0


def fold(
    framework: str,
    number: int,
    events: Iterable[job_pb2.JobEvent],
    spec: dict[str, Any] | None = None,
) -> Trial:
    """The trial that its events, from the first to however far they go, tell of."""
    found: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        case = event.WhichOneof("event")
        if case is not None:
            found[case].append(getattr(event, case))
    state = found["state_changed"][-1] if found["state_changed"] else None
    resources = found["resources_used"][-1] if found["resources_used"] else None
    return Trial(
        framework=framework,
        number=number,
        state=_state(state.state) if state else State.PENDING,
        error=_failure(state.error) if state and state.HasField("error") else None,
        spec=spec,
        environment=found["environment"][-1] if found["environment"] else None,
        inputs=_inputs(found["inputs"][-1]) if found["inputs"] else None,
        phases={_phase(p.phase): _seconds(p.duration) for p in found["phase_finished"]},
        cpu_seconds={_phase(p.phase): _seconds(p.cpu_duration) for p in found["phase_finished"]},
        epochs=tuple(map(_epoch, found["epoch_finished"])),
        losses=_losses(found["steps_finished"]),
        details=_details(found["steps_finished"]),
        evaluation=_metrics(found["evaluation_finished"]),
        peak_memory_bytes=resources.peak_memory_bytes if resources else None,
        peak_device_memory_bytes=resources.peak_device_memory_bytes if resources else None,
        accelerator=_accelerator(resources) if resources else None,
    )


def _state(state: job_pb2.JobState) -> State:
    return State[job_pb2.JobState.Name(state).removeprefix("JOB_STATE_")]


def _phase(phase: job_pb2.Phase) -> str:
    return str(job_pb2.Phase.Name(phase)).removeprefix("PHASE_").lower()


def _seconds(duration: Duration) -> float:
    return duration.ToNanoseconds() / 1e9


def _failure(status: status_pb2.Status) -> Failure:
    info = error_details_pb2.ErrorInfo()
    given = any(detail.Unpack(info) for detail in status.details)
    return Failure(info.reason if given else "", status.message)


def _inputs(message: job_pb2.Inputs) -> Inputs:
    return Inputs(**{f.name: getattr(message, f.name) for f in dataclasses.fields(Inputs)})


def _accelerator(message: job_pb2.ResourcesUsed) -> AcceleratorUsed | None:
    if not message.HasField("accelerator"):
        return None
    used = message.accelerator
    return AcceleratorUsed(
        uuid=used.uuid,
        samples=used.samples,
        peak_memory_bytes=used.peak_memory_bytes or None,
        **{
            name: getattr(used, name) if used.HasField(name) else None
            for name in ("mean_utilization", "mean_power_watts", "energy_joules")
        },
    )


def _epoch(message: job_pb2.EpochFinished) -> Epoch:
    return Epoch(
        epoch=message.epoch,
        train_seconds=_seconds(message.train_duration),
        evaluate_seconds=_seconds(message.evaluate_duration),
        train_loss=message.train_loss,
        test_loss=message.test.loss,
        test_accuracy=message.test.accuracy,
        samples_per_second=message.samples_per_second,
        data_wait_seconds=_seconds(message.data_wait_duration),
        running_accuracy=(
            message.running_accuracy if message.HasField("running_accuracy") else None
        ),
    )


def _metrics(found: list[job_pb2.EvaluationFinished]) -> Metrics | None:
    if not found:
        return None
    test = found[-1].test
    return Metrics(test.loss, test.accuracy, test.samples)


def _losses(chunks: list[job_pb2.StepsFinished]) -> NDArray[np.float64]:
    return _by_step(chunks, lambda chunk: chunk.losses)


def _details(chunks: list[job_pb2.StepsFinished]) -> StepDetails | None:
    if not chunks or not all(chunk.HasField("details") for chunk in chunks):
        return None
    norms = [norm.parameter for norm in chunks[0].details.gradient_norms]
    return StepDetails(
        ordered_losses=_by_step(chunks, lambda chunk: chunk.details.ordered_losses),
        accuracies=_by_step(chunks, lambda chunk: chunk.details.accuracies),
        gradient_norms={
            parameter: _by_step(chunks, lambda chunk, i=i: chunk.details.gradient_norms[i].norms)
            for i, parameter in enumerate(norms)
        },
    )


def _by_step(
    chunks: list[job_pb2.StepsFinished], numbers: Callable[..., Iterable[float]]
) -> NDArray[np.float64]:
    """float64[steps]; NaN where a step was not reported."""
    steps = max((chunk.first_step + len(chunk.losses) for chunk in chunks), default=0)
    found = np.full(steps, np.nan)
    for chunk in chunks:
        found[chunk.first_step : chunk.first_step + len(chunk.losses)] = numbers(chunk)
    return found
