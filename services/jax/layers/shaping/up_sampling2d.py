"""UpSampling2d: an image of several times the height and width."""

from typing import assert_never

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import Interpolation
from twinrun.contract.layers import UpSampling2d

from services.jax.layers.given import Given


def computed(layer: UpSampling2d, x: jax.Array, _: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    match layer.interpolation:
        case Interpolation.NEAREST:
            return x.repeat(layer.factor, 1).repeat(layer.factor, 2)
        case Interpolation.BILINEAR:
            down, across = (_weights(side, layer.factor) for side in x.shape[1:3])
            rows = jnp.einsum("ph,bhwc->bpwc", jnp.asarray(down, x.dtype), x)
            return jnp.einsum("qw,bpwc->bpqc", jnp.asarray(across, x.dtype), rows)
        case _:
            assert_never(layer.interpolation)


def _weights(side: int, factor: int) -> NDArray[np.float64]:
    """Return what each pixel of a ``side`` weighs in each of the larger one: [larger, side]."""
    at = np.clip((np.arange(factor * side) + 0.5) / factor - 0.5, 0, side - 1)
    found: NDArray[np.float64] = np.maximum(1 - np.abs(at[:, None] - np.arange(side)), 0)
    return found
