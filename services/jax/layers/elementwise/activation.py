"""Activation: a function of each value."""

import functools
import math
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jax import nn
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import Activation

from services.jax.layers.given import Given
from services.model.kinds import complete


def _leaky_relu(x: jax.Array, slope: float) -> jax.Array:
    """Compute a leaky ReLU, whose gradient at 0 is the slope; JAX's own has 1 there."""
    return jnp.where(x > 0, x, slope * x)


def _gelu_tanh(x: jax.Array) -> jax.Array:
    """Compute a GELU by tanh, whose half of 1 + tanh(u) is the logistic function of 2u.

    In float32 XLA's tanh is 1 from 7.9 on, and its slope was off by 4e-7 there: that of JAX's own
    GELU by 3e-6, which Adam makes much of where slopes are small. This one is within 2e-6,
    and PyTorch's within 1e-6.
    """
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return x * nn.sigmoid(2 * inner)


_FUNCTIONS: Mapping[ActivationFunction, Callable[..., jax.Array]] = complete(
    "services/jax/layers/elementwise/activation.py",
    ActivationFunction,
    {
        ActivationFunction.RELU: nn.relu,  # `jnp.maximum` has half a gradient at 0
        ActivationFunction.TANH: jnp.tanh,
        ActivationFunction.SIGMOID: nn.sigmoid,
        ActivationFunction.GELU: functools.partial(nn.gelu, approximate=False),
        ActivationFunction.SOFTMAX: nn.softmax,  # over the last axis
        ActivationFunction.LEAKY_RELU: _leaky_relu,
        ActivationFunction.ELU: nn.elu,
        ActivationFunction.SELU: nn.selu,
        ActivationFunction.SILU: nn.silu,
        ActivationFunction.SOFTPLUS: nn.softplus,
        ActivationFunction.GELU_TANH: _gelu_tanh,
    },
)


def computed(layer: Activation, x: jax.Array, _: Given) -> jax.Array:
    """Implement `services.jax.layers.Kind`."""
    function = _FUNCTIONS[layer.function]
    return function(x) if layer.slope is None else function(x, layer.slope)
