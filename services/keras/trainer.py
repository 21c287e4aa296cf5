"""The idiomatic recipe with Keras, on the backend that it was imported with."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import Device, EpsilonPlace, Execution, Precision
from twinrun.contract.events import Environment, Profiled
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data, require_padding_at_end
from services.keras import losses, model, numbers, optimizers
from services.keras.edges import Edges
from services.keras.layers.names import held
from services.model import order, shapes, taken
from services.model.weights import Weights
from services.trial import matched
from services.trial.code import Build
from services.trial.trainer import Steps

TEST_BATCH = 1000  # samples
_WARM_STEPS = 200  # at most, and a short last batch


class Array(Protocol):
    """An array of a model: a variable of Keras, or a view of one."""

    def numpy(self) -> NDArray[np.floating]: ...

    def assign(self, array: NDArray[np.floating], /) -> object: ...


class FitTrainer:
    """A `services.trial.trainer.Trainer` without what only a backend knows.

    Initial weights, shuffling and everything that the spec does not set of the optimizer are
    Keras's own, unless the spec matches them. The data are arrays, normalised beforehand, as its
    guides recommend for data that fits into memory.

    How long steps waited for their batches is not reported: `fit` takes a batch within its graph,
    where nobody can time it, and a measurement beside the timed epochs would be of other steps.
    """

    def __init__(
        self, spec: JobSpec, data: Data, weights: Weights | None, build: Build | None = None
    ) -> None:
        self._spec = spec
        require_padding_at_end(spec, data)
        self._begin()
        self._images, self._labels = data.train_images, data.train_labels
        self._test_images = data.test_images
        # The type to which Keras casts its input.
        keras.config.set_floatx("float64" if spec.precision is Precision.FLOAT64 else "float32")
        keras.utils.set_random_seed(spec.seed)
        self._take(data)
        self._data = self._given(len(self._images))
        shape = self._images.shape[1:]
        self._model, self._arrays = self._built(build)
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
            metrics=losses.metrics(spec),
            run_eagerly=spec.execution is Execution.EAGER,
            jit_compile=True if spec.execution is Execution.COMPILED else "auto",
        )

    def _begin(self) -> None:
        """Set the threads and the device. Raises DeviceUnavailable, Unsupported."""
        raise NotImplementedError

    def _take(self, data: Data) -> None:
        """Prepare what a backend has of its own for the data, if anything."""

    def _built(self, _: Build | None) -> tuple[keras.Model, Mapping[str, Array]]:
        """Return the model of the spec's layers, and its arrays by name."""
        layers, shape = self._spec.layers, self._images.shape[1:]
        made, by_name = model.users(layers, shape, model.POLICIES[self._spec.precision])
        names = (parameter.name for parameter in shapes.parameters(layers, shape))
        return made, {name: held(by_name, name) for name in names}

    def _given(self, samples: int) -> tuple[Any, ...]:
        """Return the arguments of `fit` for the first ``samples``."""
        return self._images[:samples], self._labels[:samples]

    def _synchronize(self) -> None:
        """Return when the device has finished its work."""

    def warm_up(self) -> None:
        self._model.optimizer.build(self._model.trainable_variables)
        variables = [*self._model.variables, *self._model.optimizer.variables]
        values = [_copy(variable) for variable in variables]
        samples, batch = len(self._images), self._spec.batch_size
        last = samples % batch  # a short batch is a graph of its own
        for _ in range(2):  # the first compiles
            self._fit(*self._given(min(samples, _WARM_STEPS * batch + last)))
        self.evaluate()
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        keras.utils.set_random_seed(self._spec.seed)

    def _fit(self, *data: Any, callbacks: tuple[keras.callbacks.Callback, ...] = ()) -> None:
        how: dict[str, Any] = {"shuffle": False}
        if len(data) > 1:  # arrays
            how = {
                "batch_size": self._spec.batch_size,
                "shuffle": not self._spec.matched_batch_order,
            }
        self._model.fit(*data, epochs=1, verbose=0, callbacks=list(callbacks), **how)
        self._synchronize()

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        data = self._data
        if self._spec.matched_batch_order:
            places = order.permutation(self._spec.seed, epoch, len(self._images))
            data = self._images[places], self._labels[places]
        edges = Edges(self._spec, len(self._images))
        self._fit(*data, callbacks=(edges,))
        for means, accuracies in edges.chunks:
            known = None if np.isnan(accuracies).any() else accuracies
            yield Steps(means, accuracies=known, wait_seconds=None)

    def evaluate(self) -> NDArray[np.floating]:
        return in_numpys_own(
            self._model.predict(self._test_images, batch_size=TEST_BATCH, verbose=0)
        )

    def advance(self, steps: int) -> None:  # noqa: ARG002 - refused with the spec
        raise AssertionError("late_epoch is of the matched recipe")

    def predictor(self, samples: int) -> Callable[[], NDArray[np.floating]]:
        images = self._test_images[:samples]
        return lambda: in_numpys_own(self._model.predict_on_batch(images))

    def augmented(self) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        return self._images, self._labels

    def weights(self) -> Weights:
        return {name: _copy(array) for name, array in self._arrays.items()}

    def profiled(self, take_steps: Callable[[], int]) -> Profiled:
        del take_steps  # refused with the spec
        raise AssertionError("a backend's own profiler is of its framework's runner")

    def peak_device_memory_bytes(self) -> int:
        return 0

    def environment(self) -> Environment:
        raise NotImplementedError

    def _in_words(self) -> str:
        """Return what Keras runs with, for people to read."""
        optimizer = self._optimizer
        return (
            f"Keras {keras.__version__} fit, jit_compile {self._model.jit_compile}; "
            f"{type(optimizer).__name__} epsilon {getattr(optimizer, 'epsilon', '-')}"
        )

    def _used(self, tf32: str) -> taken.Used:
        """Return what the model used; ``tf32``: in words, where it is on a GPU."""
        epsilon = getattr(self._optimizer, "epsilon", None)
        on_gpu = self._spec.device is Device.CUDA
        framework = taken.Framework(
            numbers.number, epsilon, EpsilonPlace.INSIDE, tf32 if on_gpu else ""
        )
        return taken.used(self._spec, framework)

    @property
    def _optimizer(self) -> keras.optimizers.Optimizer:
        made = self._model.optimizer
        return getattr(made, "inner_optimizer", made)  # of one that scales the loss


def _copy(array: Array) -> NDArray[np.floating]:
    """Return the values as they are now: a backend may return its own memory."""
    return array.numpy().copy()


def in_numpys_own(logits: NDArray[np.generic]) -> NDArray[np.floating]:
    """Return logits in float32 if they are in a precision that NumPy has no type for."""
    kept = logits.dtype.kind == "f" and logits.dtype.itemsize > 2
    found: NDArray[np.floating] = logits.astype(logits.dtype if kept else np.float32, copy=False)
    return found
