"""What Keras's layers are called here, and their settings as text that all frameworks share."""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras.src.layers.layer import Layer
from keras.src.layers.rnn.rnn import RNN

from services.tensorflow.code.record import CHANNELS_FIRST, Call

layers = keras.layers
Settings = dict[str, str]


def described(call: Call) -> tuple[str, Settings]:
    """Return the kind of a call's layer, empty if it has none here, and its settings."""
    layer = call.layer
    if isinstance(layer, layers.Bidirectional) and isinstance(layer.forward_layer, RNN):
        return _kind(layer.forward_layer)[0], _bidirectional(layer, call)
    if isinstance(layer, layers.TimeDistributed):
        return described(dataclasses.replace(call, layer=layer.layer))
    kind, settings = _kind(layer)
    return kind, settings(layer, call)


def _kind(layer: Layer) -> tuple[str, Callable[[Layer, Call], Settings]]:
    """Return the entry of the layer's class; of one that computes otherwise, nothing."""
    cls: Any
    for cls in type(layer).__mro__:
        if cls in _KINDS and type(layer).call is cls.call:
            kind, settings = _KINDS[cls]
            kind = kind or _activation(layer.activation)
            return {"gelu_tanh": "gelu"}.get(kind, kind), settings
    return "", _flat


def text(value: object) -> str:
    """Return a setting's value as all frameworks write it."""
    if isinstance(value, list | tuple):
        return ",".join(map(text, value))
    return value if isinstance(value, str) else repr(value)


def _activation(function: Any) -> str:
    """Return the name of an activation function."""
    if isinstance(function, functools.partial):
        approximate = function.keywords.get("approximate", False)
        return "gelu_tanh" if approximate else _activation(function.func)
    if isinstance(function, Layer):
        return str(function.name)
    name = str(getattr(function, "__name__", type(function).__name__))
    return {"swish": "silu"}.get(name, name)


def _named(*names: str) -> Callable[[Layer, Call], Settings]:
    return lambda layer, _: {name: text(getattr(layer, name)) for name in names}


def _dense(layer: Layer, _: Call) -> Settings:
    return {
        "units": text(layer.units),
        "use_bias": text(layer.use_bias),
        "activation": _activation(layer.activation),
    }


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


def _convolution(layer: Layer, call: Call) -> Settings:
    return {
        "units": text(layer.filters),
        "size": text(layer.kernel_size),
        "stride": text(layer.strides),
        "padding": _padding(layer, call, layer.kernel_size, layer.dilation_rate),
        "dilation": text(layer.dilation_rate),
        "groups": text(getattr(layer, "groups", 1)),
        "use_bias": text(layer.use_bias),
        "activation": _activation(layer.activation),
    }


def _depthwise(layer: Layer, call: Call) -> Settings:
    return {
        "units": text(call.made.shape[1 if layer.data_format == CHANNELS_FIRST else -1]),
        "size": text(layer.kernel_size),
        "stride": text(layer.strides),
        "padding": _padding(layer, call, layer.kernel_size, layer.dilation_rate),
        "dilation": text(layer.dilation_rate),
        "use_bias": text(layer.use_bias),
        "activation": _activation(layer.activation),
    }


def _transposed(layer: Layer, call: Call) -> Settings:
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
        "activation": _activation(layer.activation),
    }


def _pool(layer: Layer, call: Call) -> Settings:
    ones = [1] * len(layer.pool_size)
    largest = "Max" in type(layer).__name__
    counts = {} if largest or layer.padding == "valid" else {"counts_padding": "False"}
    return {
        "size": text(tuple(layer.pool_size)),
        "stride": text(tuple(layer.strides)),
        "padding": _padding(layer, call, layer.pool_size, ones),
        "padding_value": "-inf" if largest else "0",
        "ceil": "False",
        **counts,
    }


def _batch_norm(layer: Layer, _: Call) -> Settings:
    return {
        "epsilon": text(layer.epsilon),
        "momentum": text(layer.momentum),
        "affine": text(bool(layer.scale and layer.center)),
    }


def _layer_norm(layer: Layer, call: Call) -> Settings:
    axes = [layer.axis] if isinstance(layer.axis, int) else list(layer.axis)
    return {
        "epsilon": text(layer.epsilon),
        "axis": ",".join(_axis(axis, call) for axis in axes),
        "affine": text(bool(layer.scale and layer.center)),
    }


def _group_norm(layer: Layer, _: Call) -> Settings:
    return {
        "groups": text(layer.groups),
        "epsilon": text(layer.epsilon),
        "affine": text(bool(layer.scale and layer.center)),
    }


def _recurrent(layer: RNN, _: Call) -> Settings:
    cell = layer.cell
    found = {
        "units": text(layer.units),
        "use_bias": text(cell.use_bias),
        "activation": _activation(cell.activation),
        "return_sequences": text(layer.return_sequences),
        "bidirectional": "False",
    }
    if hasattr(cell, "recurrent_activation"):
        found["recurrent_activation"] = _activation(cell.recurrent_activation)
    if hasattr(cell, "reset_after"):
        found["reset_after"] = text(cell.reset_after)
    if layer.go_backwards:
        found["go_backwards"] = "True"
    return found


def _bidirectional(layer: Layer, call: Call) -> Settings:
    return _recurrent(layer.forward_layer, call) | {
        "bidirectional": "True",
        "merge": text(layer.merge_mode),
    }


def _attention(layer: Layer, call: Call) -> Settings:
    return {
        "causal": text(bool(call.options.get("use_causal_mask"))),
        "heads": text(layer.num_heads),
        "key_size": text(layer.key_dim),
        "value_size": text(layer.value_dim),
        "scale": text(1 / math.sqrt(layer.key_dim)),
        "rate": text(float(layer.dropout)),
        "use_bias": text(layer.use_bias),
    }


def _flat(*_: object) -> Settings:
    return {}


def _function(layer: Layer, call: Call) -> Settings:
    """Return the settings of an activation that is a layer of its own."""
    function = getattr(layer, "activation", None)
    name = _kind(layer)[0] if function is None else _activation(function)
    found = {"activation": name}
    if name in ("softmax", "log_softmax"):
        found["axis"] = _axis(getattr(layer, "axis", -1), call)
    for setting in ("negative_slope", "alpha", "max_value"):
        value = getattr(layer, setting, None)
        if isinstance(value, int | float) and value:
            found[setting] = text(float(value))
    return found


def _axis(axis: int, call: Call) -> str:
    """Return an axis as it is counted in the canonical layout; the last one is -1."""
    rank = call.taken.shape.rank
    own = axis % rank
    if call.before.first and not call.before.image and rank > 2 and own:
        own = rank - 1 if own == 1 else own - 1
    return "-1" if own == rank - 1 else text(own)


def _pad(layer: Layer, _: Call) -> Settings:
    given = layer.padding if isinstance(layer.padding[0], tuple) else (layer.padding,)
    return {
        "padding": ",".join([*(f"{before}:{after}" for before, after in given), "0:0"]),
        "padding_value": "0",
        "mode": "constant",
    }


def _upsampling(layer: Layer, _: Call) -> Settings:
    down, along = layer.size
    return {
        "factor": text(float(down)) if down == along else text((down, along)),
        "mode": layer.interpolation,
        "corners": "False",
    }


_KINDS: Mapping[type[Layer], tuple[str, Callable[[Layer, Call], Settings]]] = {
    layers.Dense: ("dense", _dense),
    layers.Conv1D: ("conv1d", _convolution),
    layers.Conv2D: ("conv2d", _convolution),
    layers.Conv3D: ("conv3d", _convolution),
    layers.SeparableConv1D: ("separable_conv1d", _convolution),
    layers.SeparableConv2D: ("separable_conv2d", _convolution),
    layers.DepthwiseConv1D: ("depthwise_conv1d", _depthwise),
    layers.DepthwiseConv2D: ("depthwise_conv2d", _depthwise),
    layers.Conv1DTranspose: ("conv_transpose1d", _transposed),
    layers.Conv2DTranspose: ("conv_transpose2d", _transposed),
    layers.Conv3DTranspose: ("conv_transpose3d", _transposed),
    layers.MaxPooling1D: ("max_pool1d", _pool),
    layers.MaxPooling2D: ("max_pool2d", _pool),
    layers.MaxPooling3D: ("max_pool3d", _pool),
    layers.AveragePooling1D: ("average_pool1d", _pool),
    layers.AveragePooling2D: ("average_pool2d", _pool),
    layers.AveragePooling3D: ("average_pool3d", _pool),
    layers.GlobalAveragePooling1D: ("global_average_pool1d", _flat),
    layers.GlobalAveragePooling2D: ("global_average_pool2d", _flat),
    layers.GlobalMaxPooling1D: ("global_max_pool1d", _flat),
    layers.GlobalMaxPooling2D: ("global_max_pool2d", _flat),
    layers.BatchNormalization: ("batch_norm", _batch_norm),
    layers.LayerNormalization: ("layer_norm", _layer_norm),
    layers.GroupNormalization: ("group_norm", _group_norm),
    layers.Embedding: ("embedding", _flat),
    layers.LSTM: ("lstm", _recurrent),
    layers.GRU: ("gru", _recurrent),
    layers.SimpleRNN: ("rnn", _recurrent),
    layers.MultiHeadAttention: ("multi_head_attention", _attention),
    layers.Dropout: ("dropout", _named("rate")),
    layers.SpatialDropout1D: ("dropout", _named("rate")),
    layers.SpatialDropout2D: ("dropout", _named("rate")),
    layers.Flatten: ("flatten", _flat),
    layers.Reshape: ("reshape", _flat),
    layers.Permute: ("permute", _named("dims")),
    layers.ZeroPadding1D: ("pad", _pad),
    layers.ZeroPadding2D: ("pad", _pad),
    layers.UpSampling2D: ("interpolate", _upsampling),
    layers.Add: ("add", _flat),
    layers.Subtract: ("subtract", _flat),
    layers.Multiply: ("multiply", _flat),
    layers.Average: ("average", _flat),
    layers.Concatenate: ("concatenate", _named("axis")),
    layers.Rescaling: ("rescaling", _named("scale", "offset")),
    layers.Activation: ("", _function),
    layers.ReLU: ("relu", _function),
    layers.LeakyReLU: ("leaky_relu", _function),
    layers.PReLU: ("prelu", _flat),
    layers.ELU: ("elu", _function),
    layers.Softmax: ("softmax", _function),
    layers.Identity: ("identity", _flat),
}
