"""Conv1d: a kernel [size, in / groups, filters] on each window of sequences [batch, time, in]."""

import jax
from twinrun.contract.layers import Conv1d

from services.jax.layers.convolutions.conv2d import convolved
from services.jax.layers.given import Given
from services.model.layers.window import Axis, along


def computed(layer: Conv1d, x: jax.Array, given: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`: of images of one row."""
    kernel, bias = next(given.trained), next(given.trained) if layer.use_bias else None
    windows = Axis(1, 1, 0, 0), along(layer, x.shape[1])
    made = convolved(x[:, None], kernel[None], windows, layer.groups, given)[:, 0]
    return made if bias is None else made + bias
