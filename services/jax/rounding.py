"""The precision of products: both factors and the result are rounded to it, each once."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import lax


@dataclass(frozen=True, slots=True)
class Rounding:
    """How products are made. ``products``: their dtype.

    ``on_cpu``: the sums are in the parameters' own dtype, of factors that were rounded before. A
    gradient of a convolution would round its sums in 16 bits again and again.
    """

    products: jnp.dtype
    on_cpu: bool

    def factor(self, array: jax.Array) -> jax.Array:
        """Return a factor of a product."""
        return self._rounded(array) if self.on_cpu else array.astype(self.products)

    def product(self, array: jax.Array, own: jnp.dtype) -> jax.Array:
        """Return a product, in the parameters' ``own`` dtype."""
        return self._rounded(array) if self.on_cpu else array.astype(own)

    def _rounded(self, array: jax.Array) -> jax.Array:
        if array.dtype == self.products:
            return array
        if self.products == jnp.bfloat16:
            # A cast there and back is left out where XLA makes one kernel of a product and of what
            # takes it.
            return lax.reduce_precision(array, exponent_bits=8, mantissa_bits=7)
        # XLA would leave out what seems to change a dtype and to change it back. Its rounding by
        # bits makes zeros of float16's smallest numbers.
        return lax.optimization_barrier(array.astype(self.products)).astype(array.dtype)
