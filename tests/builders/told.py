"""A trial whose trainer takes no steps, and tells numbers that are known."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from twinrun.contract.enums import Precision
from twinrun.contract.events import Environment, Event, GradientNorms, StepDetails
from twinrun.contract.layers import Dense, Flatten
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Dataset, JobSpec, Synthetic

from services.model import weights
from services.pipe import GIVEN_FILE, Task
from services.trial import matched
from services.trial import run as trial
from services.trial.trainer import Steps

SHAPE, CLASSES = (3, 2, 1), 3
EPOCHS, SAMPLES, TESTED, HELD = 3, 53, 11, 17  # 70 training samples, a quarter held back
LAYERS = (Flatten(), Dense(CLASSES))


def job(**changes) -> JobSpec:
    made = Synthetic(SAMPLES + HELD, TESTED, *SHAPE, classes=CLASSES)
    dataset = Dataset("synthetic", synthetic=made, validation_fraction=0.25)
    spec = JobSpec(dataset, LAYERS, Optimizer(Adam()), threads=1, epochs=EPOCHS, batch_size=8)
    return replace(spec, precision=Precision.FLOAT64, report_every_steps=3, seed=5, **changes)


def losses(epoch: int, steps: int) -> np.ndarray:
    return 10.0 * epoch + np.arange(steps) ** 2 / 7


def accuracies(epoch: int, steps: int) -> np.ndarray:
    return (np.arange(steps) % 5 + epoch) / 8


def logits(evaluation: int) -> np.ndarray:
    return np.random.default_rng(evaluation).normal(size=(HELD + TESTED, CLASSES))


@dataclass
class Trainer:
    """Takes no steps, but tells that it did."""

    spec: JobSpec
    data: object
    initial: weights.Weights | None
    evaluations: int = 0
    calls: list[str] = field(default_factory=list)
    told: tuple[bool, ...] = (True, True, True)  # whether each chunk of an epoch knows accuracies

    def environment(self) -> Environment:
        return Environment("fake", "1")

    def warm_up(self) -> None:
        self.calls.append("warm")

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        self.calls.append(f"train {epoch}")
        taken = 0
        found = matched.epoch_chunks(self.spec, epoch, len(self.data.train_labels))
        for chunk, told in zip(found, [*self.told, *[True] * 9], strict=False):
            rows = slice(taken, taken + len(chunk))
            taken += len(chunk)
            right = accuracies(epoch, taken)[rows]
            norms = (GradientNorms("w", tuple(right)),)
            details = StepDetails(tuple(right + 1), tuple(right), norms)
            yield Steps(
                losses(epoch, taken)[rows],
                details if self.spec.report_step_details else None,
                right if told and not self.spec.report_step_details else None,
                wait_seconds=0.25,
                sync_seconds=0.5,
            )

    def evaluate(self) -> np.ndarray:
        self.calls.append("evaluate")
        self.evaluations += 1
        return logits(self.evaluations)

    def advance(self, steps: int) -> None:
        self.calls.append(f"advance {steps}")

    def predictor(self, samples: int):
        return lambda: logits(self.evaluations)[:samples]

    def weights(self) -> weights.Weights:
        held = self.initial or weights.initial(LAYERS, SHAPE, 0, Precision.FLOAT64)
        return {name: array + self.evaluations for name, array in held.items()}

    def peak_device_memory_bytes(self) -> int:
        return 77


@dataclass
class Run:
    events: list[Event]
    trainer: Trainer
    folder: Path

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


def given(folder: Path, content: bytes | None) -> Path | None:
    """The file of weights that a task is given, if it is given any."""
    if content is None:
        return None
    path = folder / GIVEN_FILE
    path.write_bytes(content)
    return path


def run(folder, spec: JobSpec, told: tuple[bool, ...] = (), content: bytes | None = None) -> Run:
    events, made = [], []

    def make(spec, data, initial) -> Trainer:
        made.append(Trainer(spec, data, initial, told=told))
        return made[0]

    trial.run(Task(spec, folder, folder, weights=given(folder, content)), make, events.append)
    return Run(events, made[0], folder)
