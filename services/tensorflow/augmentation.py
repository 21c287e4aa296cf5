"""Resampling of training images on the device, by the maps that NumPy drew."""

from collections.abc import Callable, Mapping

import tensorflow as tf
from twinrun.contract.enums import Execution
from twinrun.contract.spec import JobSpec

from services.model.augmentation import TRANSFORMS, background, wanted

# Images [batch, h, w, c] and their drawn maps; returns images of the same shape.
Augment = Callable[[tf.Tensor, Mapping[str, tf.Tensor]], tf.Tensor]
Resampling = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # as `resample`


def augment(spec: JobSpec, images: tf.Tensor) -> Augment:
    """Return the job's augmentation of its training ``images`` [n, h, w, c], a batch at a time.

    It is compiled by XLA, unless everything runs op by op: TensorFlow has a kernel for it in
    float32 only, and its gathers and the operations around them took four times as long, measured
    on a CPU.
    """
    if not wanted(spec):
        return lambda batch, _: batch
    resampled = resampling(spec, images)
    return lambda batch, drawn: resampled(framed(spec, batch), drawn[TRANSFORMS])


def framed(spec: JobSpec, images: tf.Tensor) -> tf.Tensor:
    """Add a border of one background pixel, from which positions further out are read."""
    fill = background(spec.dataset.normalization)
    return tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=fill)


def resampling(spec: JobSpec, images: tf.Tensor) -> Resampling:
    """Return `resample` as the job executes it, for images like ``images`` [n, h, w, c]."""
    if spec.execution is Execution.EAGER:
        return resample
    _, height, width, channels = images.shape
    of_batch = tf.TensorSpec([None, height + 2, width + 2, channels], images.dtype)
    maps = tf.TensorSpec([None, 2, 3], images.dtype)
    made: Resampling = tf.function(resample, [of_batch, maps], autograph=False, jit_compile=True)
    return made


def resample(images: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    """Resample `framed` ``images`` bilinearly by inverse ``transforms`` [batch, 2, 3] in pixels.

    The result is without the frame, [batch, h, w, c].
    """
    _, rows, row, channels = images.shape
    height, width = rows - 2, row - 2
    batch = tf.shape(images)[0]
    along, down, moved = tf.unstack(transforms[..., None, None], axis=2)  # [batch, 2, 1, 1] each
    right = tf.range(width, dtype=images.dtype) - (width - 1) / 2
    below = (tf.range(height, dtype=images.dtype) - (height - 1) / 2)[:, None]
    places = (along * right + moved) + down * below
    x, left = _cell(places[:, 0], width)
    y, top = _cell(places[:, 1], height)
    first = tf.cast(top * row + left, tf.int32)
    first += tf.reshape(tf.range(batch) * (rows * row), (-1, 1, 1))
    pixels = tf.reshape(images, [-1, channels])
    over, over_right, under, under_right = (
        tf.gather(pixels, first + beside) for beside in (0, 1, row, row + 1)
    )
    x, y = x[..., None], y[..., None]
    upper, lower = over + (over_right - over) * x, under + (under_right - under) * x
    return upper + (lower - upper) * y


def _cell(places: tf.Tensor, pixels: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return each place's distance from the pixel before it, 0 to 1, and that pixel, padded."""
    inside = tf.clip_by_value(places + (pixels + 1) / 2, 0, pixels + 1)
    before = tf.minimum(tf.floor(inside), pixels)
    return inside - before, before
