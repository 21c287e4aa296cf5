"""Steps in one call for a chunk, a graph that contains a loop; augmented steps in groups."""

from typing import Protocol, TypeVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Execution
from twinrun.contract.spec import JobSpec

from services.model.augmentation import TRANSFORMS
from services.model.optimizers import Plan
from services.model.weights import parameter_dtype
from services.tensorflow import augmentation
from services.tensorflow.eager_steps import Drawn, EagerSteps
from services.tensorflow.model import Trained, in_parts
from services.trial import chunks
from services.trial.chunks import Chunk

_IMAGES = 512  # at a time, at least: XLA gives fewer than about 400,000 pixels to a single thread

Size = TypeVar("Size", int, tf.Tensor)


class GraphSteps(EagerSteps):
    """Runs the steps of a chunk in one call; compiled by XLA if the execution is compiled.

    XLA compiles for each length of a chunk, of which a job has three at most, so that a loop's
    number of iterations is a constant: on a GPU the host fetched the condition of each iteration
    otherwise, which took up to 40 microseconds. Of a job that is compiled `model.in_parts`, XLA
    compiles parts of a step, and the loop is an ordinary graph's.
    """

    def __init__(
        self,
        spec: JobSpec,
        model: Trained,
        images: tf.Tensor,
        labels: tf.Tensor,
    ) -> None:
        super().__init__(spec, model, images, labels)
        numbers = tf.TensorSpec([None, len(Plan._fields)], parameter_dtype(spec.precision))
        drawn = chunks.blank(spec, tuple(images.shape), 1, 1, model.sites).drawn
        signature = (
            tf.TensorSpec([None, None], tf.int32),
            {
                name: tf.TensorSpec([None, None, *array.shape[2:]], array.dtype)
                for name, array in drawn.items()
            },
            numbers,
        )
        parts = in_parts(spec)
        if parts:
            self._update = tf.function(self._update, autograph=False, jit_compile=True)
        xla = spec.execution is Execution.COMPILED and not parts
        # The batches of a step are unrolled, so that their number must be known.
        unrolled = spec.accumulate_steps > 1
        self._by_length = xla or unrolled
        self._chunk: ChunkLoop = tf.function(
            self._loop, None if unrolled else signature, autograph=False, jit_compile=xla
        )

    def _run(self, chunk: Chunk, plan: NDArray[np.floating]) -> tf.Tensor:
        drawn = {name: tf.constant(array) for name, array in chunk.drawn.items()}
        return self._chunk(tf.constant(chunk.indices), drawn, tf.constant(plan))

    def _enough(self, shape: tuple[int, int]) -> int:
        return shape[0] if self._by_length else super()._enough(shape)

    def _loop(self, indices: tf.Tensor, drawn: Drawn, plan: tf.Tensor) -> tf.Tensor:
        """Run the steps of a chunk."""
        indices = tf.cast(indices, tf.int64)  # onto a GPU: int32 stays on the host
        steps = tf.shape(plan)[0]
        measured = tf.TensorArray(plan.dtype, steps)

        def body(i: tf.Tensor, measured: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            numbers = {name: array[i] for name, array in drawn.items()}
            return i + 1, measured.write(i, self._step(indices[i], numbers, plan[i]))

        return tf.while_loop(lambda i, _: i < steps, body, (0, measured))[1].stack()


class AugmentedSteps(GraphSteps):
    """As `GraphSteps`, for a job that augments. Its images are framed once.

    The whole groups of a chunk are one call, and the steps after them another, which are a group
    of their own.
    """

    def __init__(
        self,
        spec: JobSpec,
        model: Trained,
        images: tf.Tensor,
        labels: tf.Tensor,
    ) -> None:
        super().__init__(spec, model, images, labels)
        self._images = augmentation.framed(spec, images)
        self._resample = augmentation.resampling(spec, images)

    def _run(self, chunk: Chunk, plan: NDArray[np.floating]) -> tf.Tensor:
        steps, batch = chunk.indices.shape
        whole = steps - steps % _group(batch)
        parts = [part for part in (slice(whole), slice(whole, steps)) if len(plan[part])]
        run = super()._run
        measured = [run(chunk.part(part), plan[part]) for part in parts]
        return tf.concat(measured, 0)

    def _enough(self, shape: tuple[int, int]) -> int:
        steps, group = shape[0], _group(shape[1])
        return steps if self._by_length else min(steps, group + steps % group)

    def _loop(self, indices: tf.Tensor, drawn: Drawn, plan: tf.Tensor) -> tf.Tensor:
        """Run whole groups of steps, or fewer than one."""
        indices = tf.cast(indices, tf.int64)  # as in `GraphSteps`
        steps, batch = tf.unstack(tf.shape(indices))
        group = tf.minimum(_group(batch), steps)
        samples = tf.reshape(indices, [-1, group * batch])
        maps = tf.reshape(drawn[TRANSFORMS], [-1, group * batch, 2, 3])
        measured = tf.TensorArray(plan.dtype, steps)

        def of_group(number: tf.Tensor, measured: tf.TensorArray) -> tuple[tf.Tensor, tf.Tensor]:
            images = tf.gather(self._images, samples[number])
            images = self._resample(images, maps[number])
            images = tf.reshape(images, [group, batch, *self._shape[1:]])

            def body(of: tf.Tensor, measured: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
                i = number * group + of
                labels = tf.gather(self._labels, indices[i])
                numbers = {name: array[i] for name, array in drawn.items()}
                step = self._step_on(images[of], labels, numbers, plan[i])
                return of + 1, measured.write(i, step)

            return number + 1, tf.while_loop(lambda of, _: of < group, body, (0, measured))[1]

        groups = steps // group
        return tf.while_loop(lambda n, _: n < groups, of_group, (0, measured))[1].stack()


def _group(batch: Size) -> Size:
    """Return the number of steps whose images are resampled together."""
    return -(-_IMAGES // batch)


class ChunkLoop(Protocol):
    """`GraphSteps._loop` as a graph."""

    def __call__(
        self,
        indices: tf.Tensor,
        drawn: Drawn,
        plan: tf.Tensor,
    ) -> tf.Tensor: ...
