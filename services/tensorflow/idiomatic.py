"""The idiomatic recipe: a Keras model, fitted as users do today or trained by hand."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Device, EpsilonPlace, Execution, Precision
from twinrun.contract.events import Environment, Profiled
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data, places, require_padding_at_end
from services.model import metrics, shapes, taken
from services.model.augmentation import wanted
from services.model.weights import Weights
from services.tensorflow import defaults, device, losses, model, optimizers, profile
from services.tensorflow.code.fitted import Array, fitted
from services.tensorflow.code.patches import POLICIES
from services.tensorflow.environment import environment
from services.tensorflow.layers.names import held
from services.tensorflow.layers.trainable import require_kernels
from services.tensorflow.pipeline import Files, Preprocessing
from services.trial import matched
from services.trial.code import Build
from services.trial.trainer import Steps
from services.trial.waiting import Waiting, timed

_TEST_BATCH = 1000  # samples
_WARM_STEPS = 200  # at most, and a short last batch


class IdiomaticTrainer:
    """A `services.trial.trainer.Trainer`.

    Initial weights, shuffling and everything that the spec does not set of the optimizer are
    Keras's own. The data are arrays, normalised beforehand, as its guides recommend for data that
    fits into memory; with augmentation they go through `tf.data`. A folder of images is read by
    `image_dataset_from_directory`.

    How long steps waited for their batches is not reported: `fit` takes a batch within its graph,
    where nobody can time it, and a measurement beside the timed epochs would be of other steps.
    """

    def __init__(
        self, spec: JobSpec, data: Data, weights: Weights | None, build: Build | None = None
    ) -> None:
        self._spec = spec
        require_kernels(spec)
        require_padding_at_end(spec, data)
        self._device = device.prepare(spec)
        if spec.device is Device.CPU:
            tf.config.set_visible_devices([], "GPU")
        self._images, self._labels = data.train_images, data.train_labels
        self._test_images = data.test_images
        # The type to which Keras casts its input.
        keras.config.set_floatx("float64" if spec.precision is Precision.FLOAT64 else "float32")
        keras.utils.set_random_seed(spec.seed)
        self._preprocessing = Preprocessing(spec)
        self._files = self._test_files = None
        self._test_places = places(data.test_labels)
        shape = self._images.shape[1:]
        if data.files is not None:
            self._files, self._test_files = (
                Files(spec, data.files / split, shape) for split in ("train", "test")
            )
        self._data = self._given(len(self._images))
        if build is None:
            self._model, self._arrays = _of_layers(spec, shape)
        else:
            self._model, self._arrays = fitted(spec, self._images, build)
        # NumPy's own generator is one of those that Keras seeds.
        values = {**taken.initial_values(spec, shape, lambda: np.random.randint(2**31))}
        if weights is not None:
            values |= matched.ordered(spec, shape, weights)
        for name, array in values.items():
            self._arrays[name].assign(array)
        steps = math.ceil(len(self._images) / spec.step_samples) * spec.epochs
        self._model.compile(
            optimizer=optimizers.idiomatic(
                *(spec.optimizer, self._model.trainable_variables, steps, spec.accumulate_steps),
                scaled=spec.precision is Precision.FLOAT16,
            ),
            loss=losses.idiomatic(spec),
            metrics=losses.keras_metrics(spec),
            run_eagerly=spec.execution is Execution.EAGER,
            jit_compile=True if spec.execution is Execution.COMPILED else "auto",
        )

    def warm_up(self) -> None:
        self._model.optimizer.build(self._model.trainable_variables)
        variables = [*self._model.variables, *self._model.optimizer.variables]
        values = [variable.numpy() for variable in variables]
        samples, batch = len(self._images), self._spec.batch_size
        last = samples % batch  # a short batch is a graph of its own
        for _ in range(2):  # the first compiles
            self._fit(*self._given(min(samples, _WARM_STEPS * batch + last)))
        self.evaluate()
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        keras.utils.set_random_seed(self._spec.seed)

    def _given(self, samples: int) -> tuple[Any, ...]:
        """Return the arguments of `fit` for the first ``samples``; of files, for as many."""
        if self._files is not None:
            return (self._batches_of(self._files).take(-(-samples // self._spec.batch_size)),)
        arrays = self._images[:samples], self._labels[:samples]
        return (self._preprocessing.batches(*arrays),) if wanted(self._spec) else arrays

    def _batches_of(self, files: Files) -> tf.data.Dataset:
        batches = files.batches(self._spec.batch_size, shuffled=True)
        return self._preprocessing.augmented(batches)

    def _fit(self, *data: Any, callbacks: tuple[keras.callbacks.Callback, ...] = ()) -> None:
        arrays = len(data) > 1
        how: dict[str, Any] = (
            {"batch_size": self._spec.batch_size} if arrays else {"shuffle": False}
        )
        self._model.fit(*data, epochs=1, verbose=0, callbacks=list(callbacks), **how)

    def train_epoch(self, epoch: int) -> Iterator[Steps]:  # noqa: ARG002 - it shuffles by itself
        edges = _Edges(self._spec, len(self._images))
        self._fit(*self._data, callbacks=(edges,))
        for means, accuracies in edges.chunks:
            known = None if np.isnan(accuracies).any() else accuracies
            yield Steps(means, accuracies=known, wait_seconds=None)

    def evaluate(self) -> NDArray[np.floating]:
        logits: NDArray[np.floating]
        if self._test_files is not None:
            batches = self._test_files.batches(_TEST_BATCH, shuffled=False)
            logits = self._model.predict(batches, verbose=0)[self._test_places]
        else:
            logits = self._model.predict(self._test_images, batch_size=_TEST_BATCH, verbose=0)
        return _in_numpys_own(logits)

    def advance(self, steps: int) -> None:  # noqa: ARG002 - refused with the spec
        raise AssertionError("late_epoch is of the matched recipe")

    def predictor(self, samples: int) -> Callable[[], NDArray[np.floating]]:
        images = self._test_images[:samples]
        if self._test_files is not None:
            images, _ = self._test_files.first(self._test_places[:samples])
        return lambda: _in_numpys_own(self._model.predict_on_batch(images))

    def augmented(self) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        images, labels = self._images, self._labels
        if self._files is not None:
            images, labels = self._files.first(places(self._labels))
        return self._preprocessing(tf.constant(images)).numpy(), labels

    def weights(self) -> Weights:
        return {name: array.numpy() for name, array in self._arrays.items()}

    def environment(self) -> Environment:
        made = self._model.optimizer
        optimizer = getattr(made, "inner_optimizer", made)  # of one that scales the loss
        notes = (
            f"{device.notes(self._spec)}; Keras {keras.__version__} fit, "
            f"jit_compile {self._model.jit_compile}; {type(optimizer).__name__} epsilon "
            f"{getattr(optimizer, 'epsilon', '-')}"
        )
        framework = taken.Framework(
            defaults.number,
            getattr(optimizer, "epsilon", None),
            EpsilonPlace.INSIDE,
            device.tf32_in_words(self._spec) if self._spec.device is Device.CUDA else "",
        )
        return environment(device.threads(), notes, taken.used(self._spec, framework))

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


def _of_layers(spec: JobSpec, shape: tuple[int, ...]) -> tuple[keras.Model, Mapping[str, Array]]:
    """Return the model of the spec's layers, for samples of ``shape``, and its arrays by name."""
    made, layers = model.users(spec.layers, shape, POLICIES[spec.precision])
    names = (parameter.name for parameter in shapes.parameters(spec.layers, shape))
    return made, {name: held(layers, name) for name in names}


def _in_numpys_own(logits: NDArray[np.generic]) -> NDArray[np.floating]:
    """Return logits in float32 if they are in a precision that NumPy has no type for."""
    kept = logits.dtype.kind == "f" and logits.dtype.itemsize > 2
    found: NDArray[np.floating] = logits.astype(logits.dtype if kept else np.float32, copy=False)
    return found


class _Edges(keras.callbacks.Callback):  # type: ignore[misc] # Keras's is Any
    """Converts Keras's means over the epoch so far into those of each chunk, at its edge."""

    def __init__(self, spec: JobSpec, samples: int) -> None:
        super().__init__()
        self.chunks: list[tuple[NDArray[np.floating], NDArray[np.floating]]] = []
        self.steps = 0
        self._every, self._samples = spec.report_every_steps, samples
        self._batch, self._batches = spec.batch_size, spec.accumulate_steps
        self._before = np.zeros(2)  # sums over the samples until the last edge
        self._began = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        taken = batch + 1
        self.steps = -(-taken // self._batches)
        seen = min(taken * self._batch, self._samples)
        if not logs or (taken % (self._every * self._batches) and seen < self._samples):
            return
        sums = np.array([float(logs["loss"]), float(logs.get("accuracy", np.nan))]) * seen
        loss, accuracy = (sums - self._before) / (seen - self._began * self._batch * self._batches)
        steps = self.steps - self._began
        self.chunks.append((np.full(steps, loss), np.full(steps, accuracy)))
        self._before, self._began = sums, self.steps


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
