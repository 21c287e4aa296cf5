"""Lstm: a loop over positions; the products with the input are one."""

import jax
import jax.numpy as jnp
from jax import nn
from twinrun.contract.layers import Lstm

from services.jax.layers.given import Given
from services.jax.layers.products.dense import product
from services.jax.layers.sequences.loop import outputs


def computed(layer: Lstm, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    kernel, recurrent, bias = (next(given.trained) for _ in range(3))

    def step(taken: jax.Array, h: jax.Array, c: jax.Array) -> tuple[jax.Array, jax.Array]:
        i, f, g, o = jnp.split(taken + product(h, recurrent, given), 4, axis=1)
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        return nn.sigmoid(o) * jnp.tanh(c), c

    return outputs(product(x, kernel, given) + bias, step, 2, layer.units, given)
