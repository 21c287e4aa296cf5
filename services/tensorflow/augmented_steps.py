"""Steps of a graph on images that are augmented, some steps' images at a time."""

import tensorflow as tf
from twinrun.contract.spec import JobSpec

from services.model.augmentation import TRANSFORMS
from services.tensorflow import augmentation
from services.tensorflow.steps import Drawn, GraphSteps
from services.trial.matched import Held

_IMAGES = 512  # at once, at least: XLA gives less than some 400,000 pixels to one thread alone


class AugmentedSteps(GraphSteps):
    """As `GraphSteps`, of a job that augments. Its images are framed once and for all."""

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
        """Whole groups of steps, so that XLA meets one shape for each batch size."""
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
