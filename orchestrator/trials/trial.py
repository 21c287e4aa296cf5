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
    spec as the runner completed it. None: not reported. ``machine``: the name of the one that it
    ran on, of several; empty: not known.
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
    machine: str = ""

    @property
    def name(self) -> str:
        """Its name in its files' names."""
        return f"{self.framework}-{self.number}"

    @property
    def final(self) -> EpochFinished | None:
        """The epoch after which the weights are the final ones: the last, or the best one."""
        stopping = self.spec.early_stopping if self.spec else None
        if stopping is None or not self.epochs:
            return self.epochs[-1] if self.epochs else None
        return self.epochs[stopping.kept([stopping.value(e.validation) for e in self.epochs])]

    @property
    def stopped(self) -> bool:
        """Whether the rule of early stopping ended it."""
        stopping = self.spec.early_stopping if self.spec else None
        return stopping is not None and stopping.ends(
            [stopping.value(epoch.validation) for epoch in self.epochs]
        )

    @property
    def due_epochs(self) -> int:
        """The epochs that it should have; 0: not known."""
        if self.stopped:
            return len(self.epochs)
        return self.spec.epochs if self.spec else 0

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
