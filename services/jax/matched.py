"""The matched recipe: data resident on the device, a chunk of steps at a time."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import Device, OwnWay
from twinrun.contract.events import Environment, Profiled
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.jax import augmentation, defaults, device, profile, together
from services.jax.environment import environment
from services.jax.model import LayersModel, Model
from services.jax.scanned_steps import ScannedSteps, numbers
from services.model import losses, order
from services.model.weights import Weights
from services.refusals.jax import require_supported
from services.trial import chunks, matched
from services.trial.code import Build
from services.trial.trainer import Steps


class MatchedTrainer:
    """A `services.trial.trainer.Trainer`."""

    def __init__(
        self,
        spec: JobSpec,
        data: Data,
        weights: Weights | None,
        build: Build | None = None,
        group: Group = ALONE,
    ) -> None:
        require_supported(spec)
        self._device, self._group = device.prepare(spec, group), group
        self._spec = spec = defaults.as_it_does(spec)
        self._shape = data.train_images.shape
        shape = self._shape[1:]
        self._names = matched.trained(spec, shape)
        size = matched.evaluate_batch(spec, shape)
        with jax.default_device(self._device):
            self._model = _model(spec, data.train_images, weights, build)
            self._test_batches = [
                jnp.asarray(data.test_images[start : start + size])
                for start in range(0, len(data.test_images), size)
            ]
            self._images = jnp.asarray(data.train_images)
            self._labels = jnp.asarray(losses.for_trainer(spec.loss, data.train_labels))
            self._steps = ScannedSteps(spec, self._model, self._images, self._labels)
        self._logits = jax.jit(self._model.logits, compiler_options=device.compiler_options(spec))

    def warm_up(self) -> None:
        with jax.default_device(self._device), together.explained():
            self._steps.warm_up(matched.chunk_shapes(self._spec, self._shape[0]))
        self.evaluate()

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        shuffled = OwnWay.BATCH_ORDER in self._spec.own_ways
        permutation = defaults.permutation if shuffled else order.permutation
        found = matched.epoch_chunks(self._spec, epoch, self._shape[0], permutation)
        for chunk in chunks.carried(self._spec, self._shape, epoch, found, self._steps.sites):
            with jax.default_device(self._device), together.explained():
                measured, synced = matched.measured(self._spec, chunk, self._steps.run, numbers)
            yield matched.steps_taken(self._spec, measured, self._names, sync_seconds=synced)

    def advance(self, steps: int) -> None:
        self._steps.advance(steps)

    def evaluate(self) -> NDArray[np.floating]:
        held = self._steps.held
        with jax.default_device(self._device):
            # All are enqueued before the first is waited for.
            found = [self._logits(held.trained, held.kept, batch) for batch in self._test_batches]
            return np.concatenate([numbers(logits) for logits in found])

    def predictor(self, samples: int) -> Callable[[], NDArray[np.floating]]:
        with jax.default_device(self._device):
            images = jnp.concatenate(self._test_batches)[:samples]
        held = self._steps.held

        def predict() -> NDArray[np.floating]:
            with jax.default_device(self._device):
                return numbers(self._logits(held.trained, held.kept, images))

        return predict

    def augmented(self) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        drawn = chunks.whole(self._spec, self._shape).drawn
        with jax.default_device(self._device):
            of_step = {name: jnp.asarray(array[0]) for name, array in drawn.items()}
            images = jax.jit(augmentation.augment(self._spec))(self._images, of_step)
        return numbers(images), np.asarray(self._labels)

    def weights(self) -> Weights:
        self._steps.require_alike()
        with jax.default_device(self._device):
            return self._model.weights(self._steps.held)

    def environment(self) -> Environment:
        return environment(device.threads(), device.notes(self._spec, self._group))

    def profiled(self, take_steps: Callable[[], int]) -> Profiled:
        return profile.profiled(take_steps, on_gpu=self._spec.device is Device.CUDA)

    def peak_device_memory_bytes(self) -> int:
        if self._spec.device is Device.CPU:
            return 0
        # None from an allocator that keeps no count: XLA_PYTHON_CLIENT_ALLOCATOR=platform.
        stats = [gpu.memory_stats() or {} for gpu in jax.devices("cuda")[: self._spec.devices]]
        return sum(int(each.get("peak_bytes_in_use", 0)) for each in stats)


def _model(
    spec: JobSpec, images: NDArray[np.floating], weights: Weights | None, build: Build | None
) -> Model:
    """Return what is trained, for ``images`` [n, ...]: the user's model if there is one."""
    shape = images.shape[1:]
    if build is not None:
        from services.jax.code.model import CodeModel  # noqa: PLC0415 - Flax takes a while

        values = None if weights is None else matched.ordered(spec, shape, weights)
        return CodeModel(spec, images, build, values)
    if weights is None:
        weights = defaults.initial_weights(spec, shape)
    initial_values = matched.ordered(spec, shape, weights)
    return LayersModel(spec, shape, initial_values, device.rounding(spec))
