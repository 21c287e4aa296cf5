"""Files read by Keras's utility, and augmentation by its layers in `tf.data`, as users do it."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import TargetKind
from twinrun.contract.losses import targets
from twinrun.contract.spec import JobSpec

from services.data.normalization import by_channel
from services.errors import Unsupported
from services.model.augmentation import background, wanted
from services.model.weights import parameter_dtype

_AT_ONCE = 32  # files
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
        return self.augmented(
            tf.data.Dataset.from_tensor_slices((images, labels))
            .shuffle(len(labels), seed=self._spec.seed)
            .batch(self._spec.batch_size)
        )

    def augmented(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Return batches of images and labels, augmented afresh in each iteration."""
        if wanted(self._spec):
            batches = batches.map(
                lambda images, labels: (self(images), labels), num_parallel_calls=tf.data.AUTOTUNE
            )
        return batches.prefetch(tf.data.AUTOTUNE)


class Files:
    """A folder's images, normalised, with a sub-folder for each class, by Keras's own reader.

    ``shape`` [h, w, c]: to which images are resized as Keras does by default.
    """

    def __init__(self, spec: JobSpec, folder: Path, shape: tuple[int, ...]) -> None:
        self._spec = spec
        self._folder = folder
        self._shape = shape
        means, stds = by_channel(spec.dataset.normalization, shape[-1])
        self._dtype = parameter_dtype(spec.precision).name
        squares = np.square(stds).tolist()
        self._normalise = keras.layers.Normalization(
            mean=means, variance=squares, dtype=self._dtype
        )
        self._normalise.build((None, *shape))  # within a graph of `tf.data` it cannot be
        self._rescale = keras.layers.Rescaling(1 / 255, dtype=self._dtype)

    def batches(self, size: int, *, shuffled: bool) -> tf.data.Dataset:
        """Return batches of images [batch, h, w, c] and labels; unshuffled they are by class."""
        height, width, channels = self._shape
        found = keras.utils.image_dataset_from_directory(
            str(self._folder),
            label_mode="int" if targets(self._spec.loss) is TargetKind.CLASS else "binary",
            color_mode="grayscale" if channels == 1 else "rgb",
            batch_size=size,
            image_size=(height, width),
            shuffle=shuffled,
            seed=self._spec.seed,
            verbose=False,
        )
        return found.map(self._normalised, num_parallel_calls=tf.data.AUTOTUNE)

    def _normalised(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = self._normalise(self._rescale(images))
        return images, labels if labels.dtype == tf.int32 else tf.cast(labels, self._dtype)

    def first(self, places: NDArray[np.intp]) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        """Return the images and labels that an unshuffled reader has at the ``places``."""
        samples = self.batches(_AT_ONCE, shuffled=False).unbatch()
        wanted_ones = set(places.tolist())
        found = {
            place: (image.numpy(), label.numpy())
            for place, (image, label) in enumerate(samples)
            if place in wanted_ones
        }
        images, labels = zip(*(found[place] for place in places.tolist()), strict=True)
        return np.stack(images), np.stack(labels)
