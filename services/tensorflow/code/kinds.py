"""What Keras's layers are called here, and their settings as text that all frameworks share."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras.src.layers.layer import Layer
from keras.src.layers.rnn.rnn import RNN

from services.tensorflow.code import windows
from services.tensorflow.code.record import Call
from services.tensorflow.code.windows import Settings, activation, text

layers = keras.layers


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
            kind = kind or activation(layer.activation)
            return {"gelu_tanh": "gelu"}.get(kind, kind), settings
    return "", _flat


def _named(*names: str) -> Callable[[Layer, Call], Settings]:
    return lambda layer, _: {name: text(getattr(layer, name)) for name in names}


def _dense(layer: Layer, _: Call) -> Settings:
    return {
        "units": text(layer.units),
        "use_bias": text(layer.use_bias),
        "activation": activation(layer.activation),
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
        "activation": activation(cell.activation),
        "return_sequences": text(layer.return_sequences),
        "bidirectional": "False",
    }
    if hasattr(cell, "recurrent_activation"):
        found["recurrent_activation"] = activation(cell.recurrent_activation)
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
        "keys_hidden": text(_hidden(call.options.get("attention_mask"), call.taken.shape[0])),
        "heads": text(layer.num_heads),
        "key_size": text(layer.key_dim),
        "value_size": text(layer.value_dim),
        "scale": text(1 / math.sqrt(layer.key_dim)),
        "rate": text(float(layer.dropout)),
        "use_bias": text(layer.use_bias),
    }


def _hidden(mask: Any, batch: int) -> int:
    """Return how many keys of all samples no query looks at. ``mask``: [batch or 1, ..., keys]."""
    if mask is None:
        return 0
    rows = np.asarray(mask, bool).reshape(-1, *mask.shape[-2:])
    hidden = int((~rows.any(axis=1)).sum())
    return hidden * batch // len(rows)


def _flat(*_: object) -> Settings:
    return {}


def _function(layer: Layer, call: Call) -> Settings:
    """Return the settings of an activation that is a layer of its own."""
    function = getattr(layer, "activation", None)
    name = _kind(layer)[0] if function is None else activation(function)
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


_KINDS: Mapping[type[Layer], tuple[str, Callable[[Layer, Call], Settings]]] = {
    layers.Dense: ("dense", _dense),
    layers.Conv1D: ("conv1d", windows.convolution),
    layers.Conv2D: ("conv2d", windows.convolution),
    layers.Conv3D: ("conv3d", windows.convolution),
    layers.SeparableConv1D: ("separable_conv1d", windows.convolution),
    layers.SeparableConv2D: ("separable_conv2d", windows.convolution),
    layers.DepthwiseConv1D: ("depthwise_conv1d", windows.depthwise),
    layers.DepthwiseConv2D: ("depthwise_conv2d", windows.depthwise),
    layers.Conv1DTranspose: ("conv_transpose1d", windows.transposed),
    layers.Conv2DTranspose: ("conv_transpose2d", windows.transposed),
    layers.Conv3DTranspose: ("conv_transpose3d", windows.transposed),
    layers.MaxPooling1D: ("max_pool1d", windows.pool),
    layers.MaxPooling2D: ("max_pool2d", windows.pool),
    layers.MaxPooling3D: ("max_pool3d", windows.pool),
    layers.AveragePooling1D: ("average_pool1d", windows.pool),
    layers.AveragePooling2D: ("average_pool2d", windows.pool),
    layers.AveragePooling3D: ("average_pool3d", windows.pool),
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
    layers.ZeroPadding1D: ("pad", windows.pad),
    layers.ZeroPadding2D: ("pad", windows.pad),
    layers.UpSampling2D: ("upsample2d", windows.upsampling),
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
