"""Gru: a loop over positions; the products with the input are one."""

import jax
import jax.numpy as jnp
from jax import nn
from twinrun.contract.layers import Gru

from services.jax.layers.given import Given
from services.jax.layers.products.dense import product
from services.jax.layers.sequences.loop import outputs


def computed(layer: Gru, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    kernel, recurrent, bias = (next(given.trained) for _ in range(3))
    taken = product(x, kernel, given) + bias
    if layer.reset_after:
        recurrent_bias = next(given.trained)

        def after(taken: jax.Array, h: jax.Array) -> tuple[jax.Array]:
            r, z, n = jnp.split(taken, 3, axis=1)
            r_by_h, z_by_h, n_by_h = jnp.split(
                product(h, recurrent, given) + recurrent_bias, 3, axis=1
            )
            r, z = nn.sigmoid(r + r_by_h), nn.sigmoid(z + z_by_h)
            return ((1 - z) * jnp.tanh(n + r * n_by_h) + z * h,)

        return outputs(taken, after, 1, layer.units, given)
    of_gates, of_new = jnp.split(recurrent, [2 * layer.units], axis=1)

    def before(taken: jax.Array, h: jax.Array) -> tuple[jax.Array]:
        gates, n = jnp.split(taken, [2 * layer.units], axis=1)
        r, z = jnp.split(nn.sigmoid(gates + product(h, of_gates, given)), 2, axis=1)
        return ((1 - z) * jnp.tanh(n + product(r * h, of_new, given)) + z * h,)

    return outputs(taken, before, 1, layer.units, given)
