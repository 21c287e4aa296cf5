"""A trial: one execution of one job on one framework, as its events report it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import JobState
from twinrun.contract.events import (
    AcceleratorUsed,
    EpochFinished,
    Failure,
    Inputs,
    Metrics,
    Profiled,
    ResourcesUsed,
)
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2


@dataclass(frozen=True, slots=True, eq=False)
class StepDetails:
    """What is known about each step besides its loss: float64[steps] each, as in job.proto.

    ``accuracies``: float64[0] if the task has none. ``gradient_norms`` by parameter, in model
    order.
    """

    ordered_losses: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    gradient_norms: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What is known about a trial. A failed or cancelled one keeps what it had finished.

    ``phases`` and ``cpu_seconds``: wall and CPU seconds by the phase's name, finished phases only.
    ``losses``: float64[steps], each the mean over its batch; NaN if a step was not reported.
    ``epoch_starts``: the first step of each epoch that was begun, among all steps from 0.
    ``details``: if the spec requested them. ``state``: as last heard; one that nobody watched to
    its end stays running. ``error``: its ``reason`` is empty if the runner gave none. ``spec``: the
    spec as the runner completed it. None: not reported.
    """

    framework: str
    number: int
    state: JobState
    error: Failure | None
    spec: JobSpec | None
    environment: job_pb2.Environment | None
    inputs: Inputs | None
    phases: Mapping[str, float]
    cpu_seconds: Mapping[str, float]
    epochs: tuple[EpochFinished, ...]
    losses: NDArray[np.float64]
    details: StepDetails | None
    evaluation: Metrics | None
    resources: ResourcesUsed | None
    profile: Profiled | None = None
    epoch_starts: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Its name in its files' names."""
        return f"{self.framework}-{self.number}"

    @property
    def accelerator(self) -> AcceleratorUsed | None:
        return self.resources.accelerator if self.resources else None

    @property
    def epoch_steps(self) -> int | None:
        """The steps that an epoch took; before one is over, those that it should. None: unknown."""
        if len(self.epoch_starts) > 1:
            return self.epoch_starts[1] - self.epoch_starts[0]
        if self.epochs:
            return len(self.losses) or None
        return self.inputs.steps_per_epoch or None if self.inputs else None

    @property
    def epoch_samples(self) -> int | None:
        """The samples that an epoch trained on, which a limit may make fewer than there are."""
        rates = [epoch.samples_per_second * epoch.train_seconds for epoch in self.epochs[:1]]
        return next((round(samples) for samples in rates if math.isfinite(samples)), None)

    def seconds(self, phase: str) -> float | None:
        """Return a phase's wall seconds; for an unfinished part those of its finished epochs."""
        if phase in self.phases:
            return self.phases[phase]
        parts = [getattr(epoch, f"{phase}_seconds", None) for epoch in self.epochs]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None
