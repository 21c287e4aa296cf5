"""Dense: ``x @ kernel + bias``."""

import jax
from twinrun.contract.layers import Dense

from services.jax.layers.given import Given


def computed(layer: Dense, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    made = product(x, kernel, given)
    return made if bias is None else made + bias


def product(x: jax.Array, kernel: jax.Array, given: Given) -> jax.Array:
    """Return ``x`` [..., in] times ``kernel`` [in, out]."""
    # One product of all rows: a product for each sample would have a gradient for each of them.
    rows = given.rounding.factor(x.reshape(-1, x.shape[-1]))
    made = given.rounding.product(rows @ given.rounding.factor(kernel), kernel.dtype)
    return made.reshape(*x.shape[:-1], kernel.shape[-1])
