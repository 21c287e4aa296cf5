"""Steps, one graph each, on batches from `tf.data`, in the order of a matched job."""

import itertools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Execution, OwnWay
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.data.normalization import by_channel
from services.model import losses
from services.model.weights import parameter_dtype
from services.tensorflow.eager_steps import EagerSteps, unstacked
from services.tensorflow.model import Trained
from services.trial.chunks import Chunk
from services.trial.waiting import Waiting

Batch = tuple[tf.Tensor, tf.Tensor]  # images [batch, h, w, c] and labels [batch]


class PipelineSteps(EagerSteps):
    """Call `begin` for each epoch, then `run` for its chunks."""

    def __init__(
        self,
        spec: JobSpec,
        model: Trained,
        images: tf.Tensor,
        labels: tf.Tensor,
        data: Data,
    ) -> None:
        super().__init__(spec, model, images, labels)
        with tf.device("/CPU:0"):
            raw = data.train_images if data.train_pixels is None else data.train_pixels
            self._samples = tf.constant(raw)
            self._answers = tf.constant(losses.for_trainer(spec.loss, data.train_labels))
        self._batches: Waiting[Batch] = Waiting(iter(()))
        self._warm = False
        if spec.execution is not Execution.EAGER:
            self._step_on = tf.function(  # type: ignore[method-assign]
                self._step_on, reduce_retracing=spec.accumulate_steps == 1, autograph=False
            )

    def begin(self, order: Sequence[NDArray[np.int32]]) -> None:
        """Let `tf.data` fetch an epoch's batches, chunks of int32[steps, batch]."""
        dtype = parameter_dtype(self._spec.precision)
        channels = self._samples.shape[-1]
        of = by_channel(self._spec.dataset.normalization, channels)
        means, stds = (tf.constant(each, dtype) for each in of)

        def normalised(batch: tf.RaggedTensor) -> Batch:
            samples = tf.gather(self._samples, batch)
            if samples.dtype == tf.uint8:  # others are normalised, as users keep tables
                samples = (tf.cast(samples, dtype) / 255 - means) / stds
            return samples, tf.gather(self._answers, batch)

        with tf.device("/CPU:0"):
            indices = [batch for chunk in order for batch in chunk]
            batches = tf.data.Dataset.from_generator(
                lambda: iter(indices), output_signature=tf.TensorSpec([None], tf.int32)
            )
            if OwnWay.PIPELINE_WORKERS in self._spec.own_ways:
                batches = batches.map(normalised)
            else:
                batches = batches.map(normalised, num_parallel_calls=tf.data.AUTOTUNE)
                batches = batches.prefetch(tf.data.AUTOTUNE)
            self._batches = Waiting(iter(batches))
        self._warm = True

    def _run(self, chunk: Chunk, plan: NDArray[np.floating]) -> tf.Tensor:
        if not self._warm:  # only the shapes matter
            return super()._run(chunk, plan)
        drawn = unstacked(chunk.drawn, len(chunk))
        batches = itertools.islice(self._batches, len(chunk))
        found = [
            self._step_on(self._augment(images, numbers), labels, numbers, step)
            for (images, labels), numbers, step in zip(
                batches, drawn, tf.unstack(plan), strict=True
            )
        ]
        return tf.stack(found)

    def waited(self) -> float:
        """Return the seconds spent waiting for data since the last call."""
        return self._batches.taken()
