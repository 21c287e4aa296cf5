"""A chunk of steps: op by op, or in one call, which is a graph with a loop in it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Execution, Loop, OwnWay
from twinrun.contract.spec import JobSpec

from services.tensorflow import augmentation, device, model, optimizers, own
from services.trial import chunks, matched
from services.trial.chunks import Chunk
from services.trial.matched import Held

# As in `services.trial.chunks.Chunk`; of a step without its first axis.
Drawn = Mapping[str, tf.Tensor]


def unstacked(drawn: Mapping[str, NDArray[np.generic]], steps: int) -> list[Drawn]:
    """What was ``drawn`` for a chunk, for each of its steps."""
    parts = {name: tf.unstack(array) for name, array in drawn.items()}
    return [{name: part[step] for name, part in parts.items()} for step in range(steps)]


class EagerSteps:
    """Trains what is ``held``, in place."""

    def __init__(
        self,
        spec: JobSpec,
        held: Held[tf.Variable],
        images: tf.Tensor,
        labels: tf.Tensor,
    ) -> None:
        self._spec = spec
        self._loss, self._losses = model.loss_of(spec), model.losses_of(spec)
        self._parameters, self._kept = held.trained, held.kept
        self._images, self._labels = images, labels
        self._shape = tuple(images.shape)
        self._augment = augmentation.augment(spec, images)
        self._slots = optimizers.slots(spec.optimizer, held.trained)
        compiled = spec.execution is Execution.COMPILED
        dtype = images.dtype.as_numpy_dtype
        kernels = (
            spec.loop is Loop.FIT and not compiled and optimizers.has_kernel(spec.optimizer, dtype)
        )
        self._update = optimizers.update if kernels else optimizers.update_plainly
        self._taken = 0

    def run(self, chunk: Chunk) -> tf.Tensor:
        """Takes the steps of ``chunk``; what they measured, on the device.

        As `services.trial.matched.steps_taken` wants it, but that more may stand behind it.
        """
        plan = own.plan(self._spec, self._taken, len(chunk))
        self._taken += len(chunk)
        dtype = self._images.dtype.as_numpy_dtype
        if self._update is optimizers.update:
            plan = optimizers.kernel_plan(self._spec.optimizer, plan, dtype)
        return self._run(chunk, *(numbers.astype(dtype) for numbers in plan))

    def _run(
        self, chunk: Chunk, rates: NDArray[np.floating], epsilons: NDArray[np.floating]
    ) -> tf.Tensor:
        steps = zip(
            tf.unstack(chunk.indices),
            unstacked(chunk.drawn, len(chunk)),
            tf.unstack(rates),
            tf.unstack(epsilons),
            strict=True,
        )
        return tf.stack([self._step(*step) for step in steps])

    def _step(
        self, batch: tf.Tensor, drawn: Drawn, rate: tf.Tensor, epsilon: tf.Tensor
    ) -> tf.Tensor:
        images = self._augment(tf.gather(self._images, batch), drawn)
        labels = tf.gather(self._labels, batch)
        return self._step_on(images, labels, drawn, rate, epsilon)

    def _step_on(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        drawn: Drawn,
        rate: tf.Tensor,
        epsilon: tf.Tensor,
    ) -> tf.Tensor:
        """One step on ``images`` [batch, h, w, c], with what was ``drawn``; what it measured."""
        products = device.PRODUCTS[self._spec.precision]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._parameters)
            logits, statistics = model.training_logits(
                self._spec, self._parameters, images, products, drawn
            )
            loss = self._loss(logits, labels)
        gradients = tape.gradient(loss, self._parameters)
        if self._spec.report_step_details:
            losses = self._losses(logits, labels)
            loss = tf.concat([[loss], model.details(losses, logits, labels, gradients)], 0)
        elif OwnWay.ACCURACY in self._spec.own_ways:
            loss = tf.stack([loss, model.accuracy(logits, labels)])
        plan = rate, epsilon
        self._update(self._spec.optimizer, self._parameters, self._slots, gradients, plan)
        model.keep(self._spec.layers, self._kept, statistics)
        return loss

    def advance(self, steps: int) -> None:
        """As `services.trial.trainer.Trainer.advance`."""
        self._taken = steps

    def begin(self, order: Sequence[NDArray[np.int32]]) -> None:
        """What an epoch will `run`."""

    def waited(self) -> float:
        """Seconds that were waited for data since it was last asked: it is there."""
        return 0.0

    def warm_up(self, shapes: Sequence[tuple[int, int]]) -> None:
        """Runs a little of each of ``shapes``, and puts everything back as it was."""
        slots = [slot for slots in self._slots for slot in slots]
        variables = [*self._parameters, *self._kept, *slots]
        values = [tf.identity(variable) for variable in variables]
        for steps, batch in shapes:
            few = min(steps, matched.WARM_UP_STEPS)
            self.run(chunks.blank(self._spec, self._shape, few, batch))
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self._taken = 0


class GraphSteps(EagerSteps):
    """The same steps in one call for a chunk; by XLA where the execution is compiled."""

    def __init__(
        self,
        spec: JobSpec,
        held: Held[tf.Variable],
        images: tf.Tensor,
        labels: tf.Tensor,
    ) -> None:
        super().__init__(spec, held, images, labels)
        # XLA compiles for each length, so that there all chunks of a batch size are given one.
        self._lengths: dict[int, int] = {}
        if compiled := spec.execution is Execution.COMPILED:
            for steps, batch in matched.chunk_shapes(spec, len(images)):
                self._lengths[batch] = max(steps, self._lengths.get(batch, 0))
        numbers = tf.TensorSpec([None], images.dtype)
        drawn = chunks.blank(spec, tuple(images.shape), 1, 1).drawn
        signature = (
            tf.TensorSpec([None, None], tf.int32),
            {
                name: tf.TensorSpec([None, None, *array.shape[2:]], array.dtype)
                for name, array in drawn.items()
            },
            numbers,
            numbers,
            tf.TensorSpec([], tf.int32),
        )
        self._chunk: ChunkLoop = tf.function(
            self._loop, signature, autograph=False, jit_compile=compiled
        )

    def _run(
        self, chunk: Chunk, rates: NDArray[np.floating], epsilons: NDArray[np.floating]
    ) -> tf.Tensor:
        steps, batch = chunk.indices.shape
        if padding := self._length(steps, batch) - steps:
            chunk = chunk.padded(steps + padding)
            rates, epsilons = (np.pad(numbers, (0, padding)) for numbers in (rates, epsilons))
        drawn = {name: tf.constant(array) for name, array in chunk.drawn.items()}
        numbers = map(tf.constant, (rates, epsilons, steps))
        return self._chunk(tf.constant(chunk.indices), drawn, *numbers)

    def _length(self, steps: int, batch: int) -> int:
        """To which a chunk is padded."""
        return self._lengths.get(batch, steps)

    def _loop(
        self,
        indices: tf.Tensor,
        drawn: Drawn,
        rates: tf.Tensor,
        epsilons: tf.Tensor,
        steps: tf.Tensor,
    ) -> tf.Tensor:
        """The first ``steps`` steps of the chunk; what comes after them is undefined."""
        indices = tf.cast(indices, tf.int64)  # to a GPU at once: int32 stays in the host's memory
        measured = tf.TensorArray(rates.dtype, tf.shape(rates)[0])

        def body(i: tf.Tensor, measured: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            numbers = {name: array[i] for name, array in drawn.items()}
            return i + 1, measured.write(i, self._step(indices[i], numbers, rates[i], epsilons[i]))

        return tf.while_loop(lambda i, _: i < steps, body, (0, measured))[1].stack()


class ChunkLoop(Protocol):
    """`GraphSteps._loop` as a graph."""

    def __call__(
        self,
        indices: tf.Tensor,
        drawn: Drawn,
        rates: tf.Tensor,
        epsilons: tf.Tensor,
        steps: tf.Tensor,
    ) -> tf.Tensor: ...
