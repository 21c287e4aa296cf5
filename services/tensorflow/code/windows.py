"""Settings of layers that look at windows, and how settings are written."""

import functools
from collections.abc import Sequence
from typing import Any

from keras.src.layers.layer import Layer

from services.tensorflow.code.record import CHANNELS_FIRST, Call

Settings = dict[str, str]


def text(value: object) -> str:
    """Return a setting's value as all frameworks write it."""
    if isinstance(value, list | tuple):
        return ",".join(map(text, value))
    return value if isinstance(value, str) else repr(value)


def activation(function: Any) -> str:
    """Return the name of an activation function."""
    if isinstance(function, functools.partial):
        approximate = function.keywords.get("approximate", False)
        return "gelu_tanh" if approximate else activation(function.func)
    if isinstance(function, Layer):
        return str(function.name)
    if not getattr(function, "__module__", "").startswith("keras."):
        return "activation"  # the user's own: which one, its name does not say
    name = str(getattr(function, "__name__", type(function).__name__))
    return {"swish": "silu"}.get(name, name)


def _window(call: Call) -> Sequence[int]:
    """Return the sizes of the window's axes of the input."""
    shape = tuple(call.taken.shape)[1:]
    first = getattr(call.layer, "data_format", None) == CHANNELS_FIRST
    return shape[1:] if first else shape[:-1]


def _padding(layer: Layer, call: Call, size: Sequence[int], dilation: Sequence[int]) -> str:
    """Return the values before and after each axis, as they are for this input."""
    sides = []
    for length, kernel, stride, spread in zip(
        _window(call), size, layer.strides, dilation, strict=True
    ):
        reach = (kernel - 1) * spread + 1
        whole = max((-(-length // stride) - 1) * stride + reach - length, 0)
        before, after = {
            "valid": (0, 0),
            "same": (whole // 2, whole - whole // 2),
            "causal": (reach - 1, 0),
        }[layer.padding]
        sides.append(f"{before}:{after}")
    return ",".join(sides)


def convolution(layer: Layer, call: Call) -> Settings:
    """Return a convolution's settings."""
    return {
        "units": text(layer.filters),
        "size": text(layer.kernel_size),
        "stride": text(layer.strides),
        "padding": _padding(layer, call, layer.kernel_size, layer.dilation_rate),
        "dilation": text(layer.dilation_rate),
        "groups": text(getattr(layer, "groups", 1)),
        "use_bias": text(layer.use_bias),
        "activation": activation(layer.activation),
    }


def depthwise(layer: Layer, call: Call) -> Settings:
    """Return the settings of one that keeps channels apart."""
    return {
        "units": text(call.made.shape[1 if layer.data_format == CHANNELS_FIRST else -1]),
        "size": text(layer.kernel_size),
        "stride": text(layer.strides),
        "padding": _padding(layer, call, layer.kernel_size, layer.dilation_rate),
        "dilation": text(layer.dilation_rate),
        "use_bias": text(layer.use_bias),
        "activation": activation(layer.activation),
    }


def transposed(layer: Layer, call: Call) -> Settings:
    """Return a transposed convolution's; its padding is what is cut from the full output."""
    made = tuple(call.made.shape)[1:]
    made = made[1:] if layer.data_format == CHANNELS_FIRST else made[:-1]
    sides = []
    for length, output, kernel, stride, spread in zip(
        _window(call), made, layer.kernel_size, layer.strides, layer.dilation_rate, strict=True
    ):
        cut = (length - 1) * stride + (kernel - 1) * spread + 1 - output
        before = max(cut, 0) // 2 if layer.padding == "same" else 0
        sides.append(f"{before}:{cut - before}")
    return {
        "units": text(layer.filters),
        "size": text(layer.kernel_size),
        "stride": text(layer.strides),
        "padding": ",".join(sides),
        "dilation": text(layer.dilation_rate),
        "use_bias": text(layer.use_bias),
        "activation": activation(layer.activation),
    }


def pool(layer: Layer, call: Call) -> Settings:
    """Return a pool's settings."""
    ones = [1] * len(layer.pool_size)
    largest = "Max" in type(layer).__name__
    not_counted = "0" if layer.padding == "valid" else "nan"  # no number: what is padded
    return {
        "size": text(tuple(layer.pool_size)),
        "stride": text(tuple(layer.strides)),
        "padding": _padding(layer, call, layer.pool_size, ones),
        "padding_value": "-inf" if largest else not_counted,
    }


def pad(layer: Layer, _: Call) -> Settings:
    """Return the settings of a border of zeros."""
    given = layer.padding if isinstance(layer.padding[0], tuple) else (layer.padding,)
    return {
        "padding": ",".join([*(f"{before}:{after}" for before, after in given), "0:0"]),
        "padding_value": "0",
        "mode": "constant",
    }


def upsampling(layer: Layer, _: Call) -> Settings:
    """Return an interpolation's settings."""
    return {
        "size": text(tuple(layer.size)),
        "interpolation": layer.interpolation,
        "corners": "False",
    }
