"""Steps in one call for a chunk, a graph that contains a loop; augmented steps in groups."""

from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Execution
from twinrun.contract.spec import JobSpec

from services.model.augmentation import TRANSFORMS
from services.tensorflow import augmentation
from services.tensorflow.eager_steps import Drawn, EagerSteps
from services.trial import chunks, matched
from services.trial.chunks import Chunk
from services.trial.matched import Held

_IMAGES = 512  # at a time, at least: XLA gives fewer than about 400,000 pixels to a single thread


class GraphSteps(EagerSteps):
    """Runs the steps of a chunk in one call; compiled by XLA if the execution is compiled."""

    def __init__(
        self,
        spec: JobSpec,
        held: Held[tf.Variable],
        images: tf.Tensor,
        labels: tf.Tensor,
    ) -> None:
        super().__init__(spec, held, images, labels)
        # XLA compiles for each length, so all chunks of a batch size are padded to one length.
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
        """Return the length to which a chunk is padded."""
        return self._lengths.get(batch, steps)

    def _loop(
        self,
        indices: tf.Tensor,
        drawn: Drawn,
        rates: tf.Tensor,
        epsilons: tf.Tensor,
        steps: tf.Tensor,
    ) -> tf.Tensor:
        """Run the first ``steps`` steps of the chunk; the results after them are undefined."""
        indices = tf.cast(indices, tf.int64)  # onto a GPU: int32 stays on the host
        measured = tf.TensorArray(rates.dtype, tf.shape(rates)[0])

        def body(i: tf.Tensor, measured: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            numbers = {name: array[i] for name, array in drawn.items()}
            return i + 1, measured.write(i, self._step(indices[i], numbers, rates[i], epsilons[i]))

        return tf.while_loop(lambda i, _: i < steps, body, (0, measured))[1].stack()


class AugmentedSteps(GraphSteps):
    """As `GraphSteps`, for a job that augments. Its images are framed once."""

    def __init__(
        self,
        spec: JobSpec,
        held: Held[tf.Variable],
        images: tf.Tensor,
        labels: tf.Tensor,
    ) -> None:
        super().__init__(spec, held, images, labels)
        self._images = augmentation.framed(spec, images)
        self._resample = augmentation.resampling(spec, images)

    def _length(self, steps: int, batch: int) -> int:
        """Return whole groups of steps, so that XLA sees one shape for each batch size."""
        group = -(-_IMAGES // batch)
        return -(-super()._length(steps, batch) // group) * group

    def _loop(
        self,
        indices: tf.Tensor,
        drawn: Drawn,
        rates: tf.Tensor,
        epsilons: tf.Tensor,
        steps: tf.Tensor,
    ) -> tf.Tensor:
        indices = tf.cast(indices, tf.int64)  # as in `GraphSteps`
        batch = tf.shape(indices)[1]
        group = -(-_IMAGES // batch)
        samples = tf.reshape(indices, [-1, group * batch])
        maps = tf.reshape(drawn[TRANSFORMS], [-1, group * batch, 2, 3])
        measured = tf.TensorArray(rates.dtype, tf.shape(rates)[0])

        def of_group(number: tf.Tensor, measured: tf.TensorArray) -> tuple[tf.Tensor, tf.Tensor]:
            images = tf.gather(self._images, samples[number])
            images = self._resample(images, maps[number])
            images = tf.reshape(images, [group, batch, *self._shape[1:]])
            first = number * group

            def body(i: tf.Tensor, measured: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
                labels = tf.gather(self._labels, indices[i])
                numbers = {name: array[i] for name, array in drawn.items()}
                step = self._step_on(images[i - first], labels, numbers, rates[i], epsilons[i])
                return i + 1, measured.write(i, step)

            last = tf.minimum(steps, first + group)
            return number + 1, tf.while_loop(lambda i, _: i < last, body, (first, measured))[1]

        groups = -(-steps // group)
        return tf.while_loop(lambda n, _: n < groups, of_group, (0, measured))[1].stack()


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
