"""What a framework must provide: the only code that imports it. Knows no gRPC, job or file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.events import Environment, Profiled, StepDetails
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.model.weights import Weights
from services.trial.code import Build


@dataclass(frozen=True, slots=True)
class Steps:
    """A chunk of steps that a trainer has run, synchronised.

    ``losses`` float[steps], each the mean over its batch; if a framework only reports a mean over
    several steps, it is repeated for each of them. ``details``: if the spec requests them.

    ``accuracies`` float[steps], of each batch before its step, if they are known anyway.

    ``wait_seconds``: the part of the chunk's time spent waiting for a batch; ``sync_seconds``: the
    part spent at its end waiting for the device, if that can be measured.
    """

    losses: NDArray[np.floating]
    details: StepDetails | None = None
    accuracies: NDArray[np.floating] | None = None
    wait_seconds: float | None = 0.0
    sync_seconds: float = 0.0


class Trainer(Protocol):
    """One model in training.

    A constructor takes the arguments below, sets the threads, and puts data and weights onto the
    device; without weights it draws its own. ``build`` builds the model if it is the user's code,
    and is called once everything is replaced that the code may use. Where machines train a job
    together, it also takes a ``group``, and is a part of it. A constructor raises
    `services.errors.DeviceUnavailable` if the device does not exist, and
    `services.errors.Unsupported` for what this framework cannot do.
    """

    def __init__(
        self, spec: JobSpec, data: Data, weights: Weights | None, build: Build | None = None
    ) -> None: ...

    def warm_up(self) -> None:
        """Compile and run all that training will need; parameters and optimizer do not change."""

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        """Train one epoch (from 0), a chunk of steps at a time."""

    def advance(self, steps: int) -> None:
        """Set the optimizer's step count, as if it had taken this many steps.

        For the matched recipe.
        """

    def evaluate(self) -> NDArray[np.floating]:
        """Return the logits of all test samples in order, float[n, classes], synchronised.

        They are in the parameters' precision.
        """

    def predictor(self, samples: int) -> Callable[[], NDArray[np.floating]]:
        """Prepare this many test samples; each call brings their logits into the host's memory.

        The logits are float[samples, classes].
        """

    def augmented(self) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        """Return all training images in order, as the first epoch's steps get them, and the labels.

        float[n, h, w, c], in the parameters' precision. For a few images, to be looked at.
        """

    def weights(self) -> Weights:
        """Return the current parameters, with canonical names and layouts."""

    def environment(self) -> Environment:
        """Return where this trainer runs, with its threads and precision."""

    def profiled(self, take_steps: Callable[[], int]) -> Profiled:
        """Profile ``take_steps``, which trains and returns how many steps it took."""

    def peak_device_memory_bytes(self) -> int:
        """Return the peak of the framework's own allocator since the import; 0 on a CPU.

        Of several devices it is the sum of each one's own peak.
        """
