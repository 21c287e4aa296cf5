"""What a framework must offer: the only code that imports it. Knows no gRPC, no job, no file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.events import Environment
from services.spec import JobSpec
from services.workload.weights import Weights


@dataclass(frozen=True, slots=True)
class Data:
    """A dataset in memory: images in the parameters' precision [n, h, w, c], labels int32[n]."""

    train_images: NDArray[np.floating]
    train_labels: NDArray[np.int32]
    test_images: NDArray[np.floating]
    test_labels: NDArray[np.int32]


class Trainer(Protocol):
    """One model in training.

    A constructor takes what is below, sets the threads, and puts data and weights onto the
    device. It raises `services.errors.DeviceUnavailable` where the device is not there, and
    `services.errors.Unsupported` for what this framework cannot do.
    """

    def __init__(self, spec: JobSpec, data: Data, weights: Weights) -> None: ...

    def warm_up(self) -> None:
        """Compiles and runs what training will need; parameters and optimizer stay as they are."""

    def train_epoch(self, epoch: int) -> Iterator[NDArray[np.floating]]:
        """Trains one epoch (from 0); yields the losses of each chunk, synchronised."""

    def evaluate(self) -> NDArray[np.float32]:
        """Logits of all test samples in their order, float32[n, classes], synchronised."""

    def weights(self) -> Weights:
        """The parameters as they are now, canonical names and layouts."""

    def environment(self) -> Environment:
        """Where this trainer runs, with the threads and the precision that were set."""

    def peak_device_memory_bytes(self) -> int:
        """By the framework's own allocator, since it was imported; 0 on a CPU."""
