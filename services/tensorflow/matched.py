"""The matched recipe: data resident on the device, a chunk of steps at a time."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Device, Execution, OwnWay
from twinrun.contract.events import Environment, Profiled
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.model import losses, order
from services.model.augmentation import wanted
from services.model.weights import Weights
from services.tensorflow import augmentation, defaults, device, profile
from services.tensorflow.code.model import CodeModel
from services.tensorflow.compiled_steps import AugmentedSteps, GraphSteps
from services.tensorflow.eager_steps import EagerSteps, unstacked
from services.tensorflow.environment import environment
from services.tensorflow.model import LayersModel, Trained
from services.tensorflow.pipeline_steps import PipelineSteps
from services.trial import chunks, matched
from services.trial.code import Build
from services.trial.trainer import Steps


class MatchedTrainer:
    """A `services.trial.trainer.Trainer`.

    Where steps are compiled by XLA, evaluation is a plain graph: in large batches it is bound by
    products, which XLA does not make faster.
    """

    def __init__(
        self, spec: JobSpec, data: Data, weights: Weights | None, build: Build | None = None
    ) -> None:
        self._spec = spec = defaults.as_it_does(spec)
        self._device = self._prepared(spec)
        shape = data.train_images.shape[1:]
        self._names = matched.trained(spec, shape)
        eager = spec.execution is Execution.EAGER
        self._shape = data.train_images.shape
        size = matched.evaluate_batch(spec, shape)
        with tf.device(self._device):
            self._model = _model(spec, data.train_images, weights, build)
            self._test_batches = [
                tf.constant(data.test_images[start : start + size])
                for start in range(0, len(data.test_images), size)
            ]
            self._images = images = device.put(data.train_images, self._device)
            self._labels = tf.constant(losses.for_trainer(spec.loss, data.train_labels))
            self._steps = self._made_steps(data)
        signature = tf.TensorSpec([None, *images.shape[1:]], images.dtype)
        self._logits = (
            self._op_by_op if eager else tf.function(self._op_by_op, [signature], autograph=False)
        )

    def _prepared(self, spec: JobSpec) -> str:
        return device.prepare(spec)

    def _made_steps(self, data: Data) -> EagerSteps:
        given = (self._spec, self._model, self._images, self._labels)
        if matched.PIPELINES & {*self._spec.own_ways}:
            return PipelineSteps(*given, data)
        graph = AugmentedSteps if wanted(self._spec) else GraphSteps
        return EagerSteps(*given) if self._spec.execution is Execution.EAGER else graph(*given)

    def _op_by_op(self, images: tf.Tensor) -> tf.Tensor:
        return self._model.logits(images)

    def warm_up(self) -> None:
        with tf.device(self._device):
            self._steps.warm_up(matched.chunk_shapes(self._spec, self._shape[0]))
        self.evaluate()

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        shuffled = OwnWay.BATCH_ORDER in self._spec.own_ways
        permutation = defaults.permutation if shuffled else order.permutation
        found = matched.epoch_chunks(self._spec, epoch, self._shape[0], permutation)
        self._steps.begin(found)
        for chunk in chunks.carried(self._spec, self._shape, epoch, found, self._model.sites):
            with tf.device(self._device):
                measured, synced = matched.measured(
                    self._spec, chunk, self._steps.run, lambda found: found.numpy()
                )
            waited = self._steps.waited()
            yield matched.steps_taken(
                *(self._spec, measured, self._names),
                wait_seconds=waited,
                sync_seconds=synced,
            )

    def advance(self, steps: int) -> None:
        self._steps.advance(steps)

    def evaluate(self) -> NDArray[np.floating]:
        with tf.device(self._device):
            logits = tf.concat([self._logits(batch) for batch in self._test_batches], 0)
        on_host: NDArray[np.floating] = logits.numpy()
        return on_host

    def predictor(self, samples: int) -> Callable[[], NDArray[np.floating]]:
        with tf.device(self._device):
            images = tf.concat(self._test_batches, 0)[:samples]

        def predict() -> NDArray[np.floating]:
            with tf.device(self._device):
                logits: NDArray[np.floating] = self._logits(images).numpy()
            return logits

        return predict

    def augmented(self) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        (drawn,) = unstacked(chunks.whole(self._spec, self._shape).drawn, 1)
        with tf.device(self._device):
            augment = augmentation.augment(self._spec, self._images)
            images: NDArray[np.floating] = augment(self._images, drawn).numpy()
        return images, self._labels.numpy()

    def weights(self) -> Weights:
        return self._model.weights()

    def environment(self) -> Environment:
        return environment(device.threads(), device.notes(self._spec))

    def profiled(self, take_steps: Callable[[], int]) -> Profiled:
        return profile.profiled(take_steps, on_gpu=self._spec.device is Device.CUDA)

    def peak_device_memory_bytes(self) -> int:
        if self._spec.device is Device.CPU:
            return 0
        info = tf.config.experimental.get_memory_info
        return sum(int(info(f"GPU:{place}")["peak"]) for place in range(self._spec.devices))


def _model(
    spec: JobSpec, images: NDArray[np.floating], weights: Weights | None, build: Build | None
) -> Trained:
    """Return what is trained, for ``images`` [n, ...]: the user's model if there is one."""
    shape = images.shape[1:]
    if build is not None:
        values = None if weights is None else matched.ordered(spec, shape, weights)
        return CodeModel(spec, images, build, values)
    if weights is None:
        weights = defaults.initial_weights(spec, shape)
    initial = matched.ordered(spec, shape, weights)
    return LayersModel(spec, shape, initial, device.PRODUCTS[spec.precision])
