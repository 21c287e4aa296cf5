"""Resampling of training images on the device, by the maps that NumPy drew."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from twinrun.contract.spec import JobSpec

from services.model.augmentation import TRANSFORMS, background, wanted

# Images [batch, h, w, c] and their drawn maps; returns images of the same shape.
Augment = Callable[[jax.Array, Mapping[str, jax.Array]], jax.Array]


def augment(spec: JobSpec) -> Augment:
    """Return the job's augmentation of its training images, a batch at a time."""
    if not wanted(spec):
        return lambda batch, _: batch
    fill = background(spec.dataset.normalization)
    return lambda batch, drawn: resampled(batch, drawn[TRANSFORMS], fill)


def resampled(images: jax.Array, transforms: jax.Array, fill: float) -> jax.Array:
    """Resample ``images`` bilinearly by inverse ``transforms`` [batch, 2, 3] in pixels.

    Positions further out are read from a border of one pixel of the background ``fill``.
    """
    batch, height, width, channels = images.shape
    framed = jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=fill)
    rows, row = height + 2, width + 2
    along, down, moved = jnp.moveaxis(transforms[..., None, None], 2, 0)  # [batch, 2, 1, 1] each
    right = jnp.arange(width, dtype=images.dtype) - (width - 1) / 2
    below = (jnp.arange(height, dtype=images.dtype) - (height - 1) / 2)[:, None]
    places = (along * right + moved) + down * below
    x, left = _cell(places[:, 0], width)
    y, top = _cell(places[:, 1], height)
    first = (top * row + left).astype(jnp.int32)
    first += jnp.arange(batch, dtype=jnp.int32)[:, None, None] * (rows * row)
    pixels = framed.reshape(-1, channels)
    over, over_right, under, under_right = (
        jnp.take(pixels, first + beside, axis=0, mode="clip") for beside in (0, 1, row, row + 1)
    )
    x, y = x[..., None], y[..., None]
    upper, lower = over + (over_right - over) * x, under + (under_right - under) * x
    return upper + (lower - upper) * y


def _cell(places: jax.Array, pixels: int) -> tuple[jax.Array, jax.Array]:
    """Return each place's distance from the pixel before it, 0 to 1, and that pixel, padded."""
    inside = jnp.clip(places + (pixels + 1) / 2, 0, pixels + 1)
    before = jnp.minimum(jnp.floor(inside), pixels)
    return inside - before, before
