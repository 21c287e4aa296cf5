"""Training images resampled on the device, by the maps that NumPy drew."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from services.spec import Execution, JobSpec
from services.workload.augmentation import TRANSFORMS, background, wanted

# Images [batch, h, w, c] and what was drawn for them; images of the same shape.
Augment = Callable[[tf.Tensor, Mapping[str, tf.Tensor]], tf.Tensor]


def augment(spec: JobSpec, images: tf.Tensor) -> Augment:
    """What the job does to its training ``images`` [n, h, w, c], a batch at a time.

    By XLA, unless all is op by op: TensorFlow has a kernel for it in float32 alone, and its
    gathers and the operations around them took four times as long, as measured on a CPU.
    """
    if not wanted(spec):
        return lambda batch, _: batch
    fill = background(spec.dataset.normalization)

    def resampled(batch: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
        return resample(batch, transforms, fill)

    if spec.execution is not Execution.EAGER:
        of_batch = tf.TensorSpec([None, *images.shape[1:]], images.dtype)
        maps = tf.TensorSpec([None, 2, 3], images.dtype)
        resampled = tf.function(resampled, [of_batch, maps], autograph=False, jit_compile=True)
    return lambda batch, drawn: resampled(batch, drawn[TRANSFORMS])


def resample(images: tf.Tensor, transforms: tf.Tensor, fill: float) -> tf.Tensor:
    """Bilinear: ``images`` [batch, h, w, c], by inverse ``transforms`` [batch, 2, 3] in pixels."""
    _, height, width, channels = images.shape
    batch = tf.shape(images)[0]
    # A pixel of background all round; what lies further out is taken from there.
    laid = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=fill)
    along, down, moved = tf.unstack(transforms[..., None, None], axis=2)  # [batch, 2, 1, 1] each
    right = tf.range(width, dtype=images.dtype) - (width - 1) / 2
    below = (tf.range(height, dtype=images.dtype) - (height - 1) / 2)[:, None]
    places = (along * right + moved) + down * below
    x, left = _cell(places[:, 0], width)
    y, top = _cell(places[:, 1], height)
    row = width + 2
    first = tf.cast(top * row + left, tf.int32)
    first += tf.reshape(tf.range(batch) * ((height + 2) * row), (-1, 1, 1))
    pixels = tf.reshape(laid, [-1, channels])
    over, over_right, under, under_right = (
        tf.gather(pixels, first + beside) for beside in (0, 1, row, row + 1)
    )
    x, y = x[..., None], y[..., None]
    upper, lower = over + (over_right - over) * x, under + (under_right - under) * x
    return upper + (lower - upper) * y


def _cell(places: tf.Tensor, pixels: int) -> tuple[tf.Tensor, tf.Tensor]:
    """How far each place lies beyond the pixel before it, 0 to 1, and which that is, padded."""
    inside = tf.clip_by_value(places + (pixels + 1) / 2, 0, pixels + 1)
    before = tf.minimum(tf.floor(inside), pixels)
    return inside - before, before
