"""What a framework must offer: the only code that imports it. Knows no gRPC, no job, no file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.events import Environment, Profiled, StepDetails
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.model.weights import Weights


@dataclass(frozen=True, slots=True)
class Steps:
    """A chunk of steps as a trainer took them, synchronised.

    ``losses`` float[steps], each the mean over its batch; where a framework tells a mean over
    several steps only, it stands for each of them. ``details``: where the spec asks for them.
    ``accuracies`` float[steps], of each batch before its step, where they are known without.
    ``wait_seconds``: of the chunk's time what went by waiting for a batch; ``sync_seconds``: what
    went by waiting, at its end, for what the device still had to do, where that can be told.
    """

    losses: NDArray[np.floating]
    details: StepDetails | None = None
    accuracies: NDArray[np.floating] | None = None
    wait_seconds: float = 0.0
    sync_seconds: float = 0.0


class Trainer(Protocol):
    """One model in training.

    A constructor takes what is below, sets the threads, and puts data and weights onto the
    device; without weights it draws its own. It raises `services.errors.DeviceUnavailable` where
    the device is not there, and `services.errors.Unsupported` for what this framework cannot do.
    """

    def __init__(self, spec: JobSpec, data: Data, weights: Weights | None) -> None: ...

    def warm_up(self) -> None:
        """Compiles and runs what training will need; parameters and optimizer stay as they are."""

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        """Trains one epoch (from 0), a chunk of steps at a time."""

    def advance(self, steps: int) -> None:
        """Makes the optimizer's count of steps so many, as if it had taken them.

        Of the matched recipe.
        """

    def evaluate(self) -> NDArray[np.floating]:
        """Logits of all test samples in their order, float[n, classes], synchronised.

        In the parameters' precision.
        """

    def predictor(self, samples: int) -> Callable[[], NDArray[np.floating]]:
        """Lays so many test samples ready; each call brings their logits into the host's memory.

        float[samples, classes]
        """

    def augmented(self) -> NDArray[np.floating]:
        """All training images in their order as the steps of the first epoch get them.

        float[n, h, w, c], in the parameters' precision. For a few, to be looked at.
        """

    def weights(self) -> Weights:
        """The parameters as they are now, canonical names and layouts."""

    def environment(self) -> Environment:
        """Where this trainer runs, with the threads and the precision that were set."""

    def profiled(self, take_steps: Callable[[], int]) -> Profiled:
        """Where the time goes in ``take_steps``, which trains and returns how many it took."""

    def peak_device_memory_bytes(self) -> int:
        """By the framework's own allocator, since it was imported; 0 on a CPU."""
