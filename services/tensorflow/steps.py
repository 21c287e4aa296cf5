"""A chunk of steps in one call: in a graph, under XLA, or op by op."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from services import matched
from services.spec import Execution, JobSpec
from services.tensorflow import model, optimizers


class Steps:
    """Trains ``parameters`` in place."""

    def __init__(
        self,
        spec: JobSpec,
        parameters: Sequence[tf.Variable],
        images: tf.Tensor,
        labels: tf.Tensor,
        products: tf.DType,
    ) -> None:
        self._spec = spec
        self._parameters = parameters
        self._images, self._labels, self._products = images, labels, products
        compiled = spec.execution is Execution.COMPILED
        self._update = optimizers.Update(spec.optimizer, parameters, plain=compiled)
        self._taken = 0
        self._call: Callable[..., tf.Tensor] = self._chunk
        if spec.execution is Execution.EAGER:
            self._call = self._chunk_eagerly
        else:
            scalars = tf.TensorSpec([None], parameters[0].dtype)
            self._call = tf.function(
                self._chunk,
                autograph=False,
                jit_compile=compiled,
            )

    def run(self, chunk: NDArray[np.int32]) -> NDArray[np.floating]:
        """Takes the steps of ``chunk`` int32[steps, batch]; returns their losses [steps]."""
        steps = len(chunk)
        rates, epsilons = matched.schedule(self._spec.optimizer, self._taken, steps)
        self._taken += steps
        padding = (
            self._spec.report_every_steps - steps
            if self._spec.execution is Execution.COMPILED
            and chunk.shape[1] == self._spec.batch_size
            else 0
        )
        pad = lambda a: np.pad(a, [(0, padding)] + [(0, 0)] * (a.ndim - 1))
        dtype = self._parameters[0].dtype.as_numpy_dtype
        losses = self._call(
            tf.constant(pad(chunk)),
            tf.constant(pad(rates).astype(dtype)),
            tf.constant(pad(epsilons).astype(dtype)),
            tf.constant(steps),
        )
        return losses.numpy()[:steps]

    def _step(self, batch: tf.Tensor, rate: tf.Tensor, epsilon: tf.Tensor) -> tf.Tensor:
        images, labels = tf.gather(self._images, batch), tf.gather(self._labels, batch)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._parameters)
            logits = model.logits(self._spec.layers, self._parameters, images, self._products)
            loss = model.loss(logits, labels)
        self._update.apply(tape.gradient(loss, self._parameters), rate, epsilon)
        return loss

    def _chunk(self, chunk, rates, epsilons, steps) -> tf.Tensor:
        losses = tf.TensorArray(rates.dtype, tf.shape(chunk)[0])

        def body(i, losses):
            return i + 1, losses.write(i, self._step(chunk[i], rates[i], epsilons[i]))

        _, losses = tf.while_loop(lambda i, _: i < steps, body, (0, losses))
        return losses.stack()

    def _chunk_eagerly(self, chunk, rates, epsilons, steps) -> tf.Tensor:
        return tf.stack(
            [
                self._step(batch, rate, epsilon)
                for batch, rate, epsilon in zip(
                    tf.unstack(chunk), tf.unstack(rates), tf.unstack(epsilons), strict=True
                )
            ]
        )

    def warm_up(self, shapes: Sequence[tuple[int, int]]) -> None:
        """Runs a chunk of each of ``shapes``, and puts everything back as it was."""
        state = [*self._parameters, *(slot for slots in self._update.slots for slot in slots)]
        values = [tf.identity(variable) for variable in state]
        for shape in shapes:
            self.run(np.zeros(shape, np.int32))
        for variable, value in zip(state, values, strict=True):
            variable.assign(value)
        self._taken = 0
