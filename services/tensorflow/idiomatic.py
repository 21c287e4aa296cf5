"""The idiomatic recipe: a Keras model, fitted as users do today or trained by hand."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Device, Execution
from twinrun.contract.events import Environment, Profiled
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data, places
from services.keras import losses
from services.keras.trainable import require_kernels
from services.keras.trainer import TEST_BATCH, Array, FitTrainer, in_numpys_own
from services.model import metrics
from services.model.augmentation import wanted
from services.model.weights import Weights
from services.tensorflow import device, profile
from services.tensorflow.code.fitted import fitted
from services.tensorflow.environment import environment
from services.tensorflow.pipeline import Files, Preprocessing
from services.trial import matched
from services.trial.code import Build
from services.trial.trainer import Steps
from services.trial.waiting import Waiting, timed


class IdiomaticTrainer(FitTrainer):
    """A `services.trial.trainer.Trainer`: Keras's, with TensorFlow's own pipeline and profiler.

    With augmentation the arrays go through `tf.data`. A folder of images is read by
    `image_dataset_from_directory`.
    """

    def _begin(self) -> None:
        require_kernels(self._spec)
        self._device = device.prepare(self._spec)
        if self._spec.device is Device.CPU:
            tf.config.set_visible_devices([], "GPU")

    def _take(self, data: Data) -> None:
        spec = self._spec
        self._preprocessing = Preprocessing(spec)
        self._files = self._test_files = None
        self._test_places = places(data.test_labels)
        if data.files is not None:
            shape = self._images.shape[1:]
            self._files, self._test_files = (
                Files(spec, data.files / split, shape) for split in ("train", "test")
            )

    def _built(self, build: Build | None) -> tuple[keras.Model, Mapping[str, Array]]:
        return super()._built(build) if build is None else fitted(self._spec, self._images, build)

    def _given(self, samples: int) -> tuple[Any, ...]:
        """Return as `FitTrainer`; of files, for as many."""
        if self._files is not None:
            return (self._batches_of(self._files).take(-(-samples // self._spec.batch_size)),)
        arrays = super()._given(samples)
        return (self._preprocessing.batches(*arrays),) if wanted(self._spec) else arrays

    def _batches_of(self, files: Files) -> tf.data.Dataset:
        batches = files.batches(self._spec.batch_size, shuffled=True)
        return self._preprocessing.augmented(batches)

    def evaluate(self) -> NDArray[np.floating]:
        if self._test_files is None:
            return super().evaluate()
        batches = self._test_files.batches(TEST_BATCH, shuffled=False)
        return in_numpys_own(self._model.predict(batches, verbose=0)[self._test_places])

    def predictor(self, samples: int) -> Callable[[], NDArray[np.floating]]:
        if self._test_files is None:
            return super().predictor(samples)
        images, _ = self._test_files.first(self._test_places[:samples])
        return lambda: in_numpys_own(self._model.predict_on_batch(images))

    def augmented(self) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        images, labels = super().augmented()
        if self._files is not None:
            images, labels = self._files.first(places(self._labels))
        return self._preprocessing(tf.constant(images)).numpy(), labels

    def environment(self) -> Environment:
        notes = f"{device.notes(self._spec)}; {self._in_words()}"
        used = self._used(device.tf32_in_words(self._spec))
        return environment(device.threads(), notes, used)

    def profiled(self, take_steps: Callable[[], int]) -> Profiled:
        return profile.profiled(take_steps, on_gpu=self._spec.device is Device.CUDA)

    def peak_device_memory_bytes(self) -> int:
        if self._spec.device is Device.CPU:
            return 0
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])


class CustomLoopTrainer(IdiomaticTrainer):
    """A `services.trial.trainer.Trainer`; model, optimizer and evaluation are those of `fit`."""

    def __init__(
        self, spec: JobSpec, data: Data, weights: Weights | None, build: Build | None = None
    ) -> None:
        super().__init__(spec, data, weights, build)
        self._loss = losses.idiomatic(spec)
        self._batches = (
            self._preprocessing.batches(self._images, self._labels)
            if self._files is None
            else self._batches_of(self._files)
        )
        self._step = self._op_by_op
        if spec.execution is not Execution.EAGER:
            compiled = spec.execution is Execution.COMPILED
            self._step = tf.function(self._op_by_op, jit_compile=compiled)

    def _op_by_op(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = self._loss(labels, self._model(images, training=True))
            scaled = self._model.optimizer.scale_loss(loss)
        variables = self._model.trainable_variables
        self._model.optimizer.apply_gradients(
            zip(tape.gradient(scaled, variables), variables, strict=True)
        )
        return loss

    def warm_up(self) -> None:
        self._model.optimizer.build(self._model.trainable_variables)
        variables = [*self._model.variables, *self._model.optimizer.variables]
        values = [variable.numpy() for variable in variables]
        samples, batch = len(self._images), self._spec.batch_size
        for size in {min(batch, samples), samples % batch} - {0}:  # each is a graph of its own
            for _ in range(matched.WARM_UP_STEPS):
                self._step(self._images[:size], self._labels[:size])
        self.evaluate()
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def train_epoch(self, epoch: int) -> Iterator[Steps]:  # noqa: ARG002 - it shuffles by itself
        waiting = Waiting(iter(self._batches))
        every = self._spec.accumulate_steps
        measured: list[tuple[int, tf.Tensor]] = []
        for images, labels in waiting:
            measured.append((len(labels), self._step(images, labels)))
            if len(measured) == self._spec.report_every_steps * every:
                yield _taken(measured, waiting, every)
                measured = []
        if measured:
            yield _taken(measured, waiting, every)


def _taken(
    measured: list[tuple[int, tf.Tensor]],
    waiting: Waiting[tuple[tf.Tensor, tf.Tensor]],
    every: int,
) -> Steps:
    """Return the steps of so many batches each, from the samples and losses of those."""
    sizes, losses = zip(*measured, strict=True)
    on_host, synced = timed(tf.stack(losses).numpy)
    return Steps(
        metrics.of_steps(on_host, sizes, every), wait_seconds=waiting.taken(), sync_seconds=synced
    )
