"""Augmentation within a step: JAX's users draw it by a key, and resample on the device."""

import jax
import jax.numpy as jnp
from flax import nnx
from twinrun.contract.spec import JobSpec

from services.jax.augmentation import resampled
from services.model.augmentation import background


def augmented(spec: JobSpec, images: jax.Array, rngs: nnx.Rngs) -> jax.Array:
    """Return ``images`` [batch, h, w, c], each drawn anew from ``rngs``."""
    given = spec.augmentation
    batch, height, width, _ = images.shape
    mirrored, *others = jax.random.uniform(rngs.augmentation(), (5, batch), images.dtype)
    turned, right, down, larger = (2 * drawn - 1 for drawn in others)
    sign = jnp.where(mirrored < given.flip, -1, 1)
    angle = jnp.radians(given.rotation_degrees) * turned
    right, down = right * given.width_shift * width, down * given.height_shift * height
    size = 1 + given.zoom * larger
    a, b = sign * jnp.cos(angle) / size, -sign * jnp.sin(angle) / size
    d, e = jnp.sin(angle) / size, jnp.cos(angle) / size
    rows = [a, b, -(a * right + b * down), d, e, -(d * right + e * down)]
    # Where each pixel comes from, as in `services.model.augmentation.transforms`.
    maps = jnp.stack(rows, -1).reshape(batch, 2, 3).astype(images.dtype)
    return resampled(images, maps, background(spec.dataset.normalization))
