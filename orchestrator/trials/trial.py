"""A trial: one execution of one job on one framework, as its events tell of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
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
class Load:
    """What the machine's CPUs did while an epoch trained, as in job.proto."""

    own_cpu_seconds: float
    other_cpu_seconds: float
    stolen_seconds: float
    throttled_seconds: float
    clock_hertz: float


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
    sync_seconds: float = 0.0
    running_accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    load: Load | None = None


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
    validation_samples: int = 0
    epoch_operations: float = 0.0
    epoch_bytes: float = 0.0
    augmentation_sha256: str = ""


@dataclass(frozen=True, slots=True)
class AcceleratorUsed:
    """A GPU while the trial trained, by NVML, as in job.proto; None: the device does not tell."""

    uuid: str
    samples: int
    peak_memory_bytes: int | None
    mean_utilization: float | None
    mean_power_watts: float | None
    energy_joules: float | None
    throttled: tuple[str, ...] = ()
    most_processes: int = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """A framework's operation, how often it was called, and its own time by the profiler."""

    name: str
    calls: int
    self_seconds: float


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time of some steps went, the longest first; ``total_seconds`` of all operations."""

    operations: tuple[Operation, ...]
    total_seconds: float
    steps: int


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
    swapped_bytes: int = 0
    profile: Profile | None = None

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
