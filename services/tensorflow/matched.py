"""The matched recipe: data resident on the device, a chunk of steps at a time."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from services import matched
from services.events import Environment
from services.spec import Device, Execution, JobSpec
from services.tensorflow import device, model
from services.tensorflow.environment import environment
from services.tensorflow.steps import Steps
from services.trainer import Data
from services.workload.weights import Weights


class MatchedTrainer:
    """A `services.trainer.Trainer`."""

    def __init__(self, spec: JobSpec, data: Data, weights: Weights) -> None:
        matched.require_supported(spec)
        self._spec = spec
        self._device = device.prepare(spec)
        initial = matched.ordered(spec, data.train_images.shape[1:], weights)
        self._products = device.DTYPES[spec.precision]
        with tf.device(self._device):
            self._parameters = [tf.Variable(array, name=name) for name, array in initial.items()]
            self._names = list(initial)
            self._images = tf.constant(data.train_images)
            self._labels = tf.constant(data.train_labels.astype(np.int64))
            self._test_images = tf.constant(data.test_images)
            self._steps = Steps(spec, self._parameters, self._images, self._labels, self._products)
        self._logits = model.logits if spec.execution is Execution.EAGER else None
        self._evaluate = (
            self._logits_of
            if spec.execution is Execution.EAGER
            else tf.function(self._logits_of, autograph=False, reduce_retracing=True)
        )

    def _logits_of(self, images: tf.Tensor) -> tf.Tensor:
        return tf.cast(
            model.logits(self._spec.layers, self._parameters, images, self._products), tf.float32
        )

    def warm_up(self) -> None:
        with tf.device(self._device):
            self._steps.warm_up(matched.chunk_shapes(self._spec, len(self._images)))
        self.evaluate()

    def train_epoch(self, epoch: int) -> Iterator[NDArray[np.floating]]:
        for chunk in matched.epoch_chunks(self._spec, epoch, len(self._images)):
            with tf.device(self._device):
                yield self._steps.run(chunk)

    def evaluate(self) -> NDArray[np.float32]:
        with tf.device(self._device):
            parts = [
                self._evaluate(self._test_images[start : start + matched.EVALUATE_BATCH])
                for start in range(0, len(self._test_images), matched.EVALUATE_BATCH)
            ]
            return tf.concat(parts, 0).numpy()

    def weights(self) -> Weights:
        return {
            name: parameter.numpy()
            for name, parameter in zip(self._names, self._parameters, strict=True)
        }

    def environment(self) -> Environment:
        return environment(tf.config.threading.get_intra_op_parallelism_threads(), "")

    def peak_device_memory_bytes(self) -> int:
        return (
            tf.config.experimental.get_memory_info("GPU:0")["peak"]
            if self._spec.device is Device.CUDA
            else 0
        )
