"""Layers without activations, the last one learning, in NumPy alone: small and quick."""

import platform
from collections.abc import Callable, Iterator

import numpy as np
from twinrun.contract.events import (
    Environment,
    LayerSummary,
    MachineMeasured,
    ModelSummarized,
    Operation,
    Profiled,
)
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.model import order
from services.model.augmentation import wanted
from services.model.weights import Weights, initial
from services.trial import matched
from services.trial.trainer import Steps


def environment() -> Environment:
    return Environment(
        framework="pytorch",
        framework_version="0.0-fake",
        python_version=platform.python_version(),
        platform=platform.platform(),
        cpu_model="a fake",
        available_cpus=1,
        threads=0,
        blas="NumPy's",
    )


def leave() -> None:
    """Nobody needs it."""


def measure(spec: JobSpec) -> MachineMeasured:
    return MachineMeasured(operations_per_second=2e9 * spec.threads, bytes_per_second=1e9)


def summarize(spec: JobSpec) -> ModelSummarized:
    layers = tuple(LayerSummary(type(layer).__name__, (3,), 4) for layer in spec.layers)
    return ModelSummarized(layers, 4 * len(layers), "as a fake writes it")


def of_classes(logits: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Each sample's softmax cross-entropy, whether it is right, and the loss's gradient."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    losses = -np.log(p[np.arange(len(y)), y] + 1e-30)
    p[np.arange(len(y)), y] -= 1
    return losses, logits.argmax(axis=1) == y, p


def of_flags(logits: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """As `of_classes`, of sigmoid cross-entropy."""
    losses = np.logaddexp(0, logits) - y * logits
    error = 1 / (1 + np.exp(-logits)) - y
    return losses.mean(axis=1), ((logits > 0) == y).mean(axis=1), error / y.shape[1]


class Trainer:
    def __init__(
        self, spec: JobSpec, data: Data, weights: Weights | None, group: Group = ALONE
    ) -> None:
        self.spec, self.group = spec, group  # each machine trains all of it
        self.data = data
        if weights is None:
            shape = data.train_images.shape[1:]
            weights = initial(spec.layers, shape, spec.seed, spec.precision)
        self.state = {name: array.copy() for name, array in weights.items()}
        *self.before, self.kernel, self.bias = self.state.values()

    def warm_up(self) -> None:
        pass

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        samples = order.permutation(self.spec.seed, epoch, len(self.data.train_labels))
        samples = order.limited(samples, self.spec.batch_size, self.spec.steps_per_epoch_limit)
        for chunk in order.chunks(samples, self.spec.batch_size, self.spec.report_every_steps):
            measured = np.array([self.step(batch) for batch in chunk])
            yield matched.steps_taken(self.spec, measured, list(self.state))

    def step(self, batch: np.ndarray) -> float | list[float]:
        x = self.features(self.data.train_images[batch])
        y = self.data.train_labels[batch]
        logits = x @ self.kernel + self.bias
        losses, right, error = (of_classes if y.ndim == 1 else of_flags)(logits, y)
        of_kernel, of_bias = x.T @ error / len(y), error.mean(axis=0)
        self.kernel -= 0.01 * of_kernel
        self.bias -= 0.01 * of_bias
        if not self.spec.report_step_details:
            return float(losses.mean())
        places = np.arange(1, len(y) + 1)
        ordered = (losses * places).sum() / places.sum()
        norms = [*np.zeros(len(self.before)), *map(np.linalg.norm, (of_kernel, of_bias))]
        return [losses.mean(), ordered, right.mean(), *norms]

    def features(self, images: np.ndarray) -> np.ndarray:
        x = images.reshape(len(images), -1)
        for kernel, bias in zip(self.before[::2], self.before[1::2], strict=True):
            x = x @ kernel + bias
        return x

    def evaluate(self) -> np.ndarray:
        return self.predictor(len(self.data.test_images))()

    def advance(self, steps: int) -> None:
        """It counts no steps."""

    def predictor(self, samples: int) -> Callable[[], np.ndarray]:
        def predict() -> np.ndarray:
            x = self.features(self.data.test_images[:samples])
            return (x @ self.kernel + self.bias).astype(np.float32)

        return predict

    def augmented(self) -> tuple[np.ndarray, np.ndarray]:
        """Mirrored: a fake's way."""
        images = self.data.train_images
        images = images[:, :, ::-1] if wanted(self.spec) else images
        return images, self.data.train_labels

    def weights(self) -> Weights:
        return self.state

    def environment(self) -> Environment:
        return environment()

    def profiled(self, take_steps) -> Profiled:
        steps = take_steps()
        return Profiled((Operation("matmul", steps, 0.75), Operation("add", 1, 0.25)), 1.0, steps)

    def peak_device_memory_bytes(self) -> int:
        return 0
