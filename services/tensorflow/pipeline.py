"""Augmentation by Keras's preprocessing layers in `tf.data`, as its users do it today."""

import keras
import tensorflow as tf
from twinrun.contract.spec import JobSpec

from services.errors import Unsupported
from services.model.augmentation import background, wanted
from services.model.weights import parameter_dtype

_FLIPS = (0.0, 0.5)  # RandomFlip has no probability argument


class Preprocessing:
    """Augments training images. Raises Unsupported for what Keras has no layer for."""

    def __init__(self, spec: JobSpec) -> None:
        given = spec.augmentation
        if given.flip not in _FLIPS:
            raise Unsupported(
                f"augmentation.flip is {given.flip:g}, but Keras's RandomFlip mirrors half of all "
                "images; give 0 or 0.5, or take recipe matched",
                field="augmentation.flip",
            )
        # Filled with the background after normalisation.
        outside = {
            "fill_mode": "constant",
            "fill_value": background(spec.dataset.normalization),
            "seed": spec.seed,
            "dtype": parameter_dtype(spec.precision).name,
        }
        self._layers: list[keras.layers.Layer] = []
        if given.flip:
            flip = keras.layers.RandomFlip("horizontal", seed=spec.seed, dtype=outside["dtype"])
            self._layers.append(flip)
        if given.rotation_degrees:
            turn = given.rotation_degrees / 360  # of a full turn
            self._layers.append(keras.layers.RandomRotation(turn, **outside))
        if given.zoom:
            self._layers.append(keras.layers.RandomZoom(given.zoom, **outside))
        if given.width_shift or given.height_shift:
            shifts = given.height_shift, given.width_shift
            self._layers.append(keras.layers.RandomTranslation(*shifts, **outside))
        self._spec = spec

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Augment ``images`` [batch, h, w, c] as in one epoch."""
        for layer in self._layers:
            images = layer(images, training=True)
        return images

    def batches(self, images: tf.Tensor, labels: tf.Tensor) -> tf.data.Dataset:
        """Return batches of the arrays, shuffled and augmented afresh in each iteration."""
        batches = (
            tf.data.Dataset.from_tensor_slices((images, labels))
            .shuffle(len(labels), seed=self._spec.seed)
            .batch(self._spec.batch_size)
        )
        if wanted(self._spec):
            batches = batches.map(
                lambda images, labels: (self(images), labels), num_parallel_calls=tf.data.AUTOTUNE
            )
        return batches.prefetch(tf.data.AUTOTUNE)
