"""What Flax's layers are called here, and their settings as text that all frameworks share."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from services.jax.code import patches, views, windows
from services.jax.code.windows import Settings, text


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """A call: what it was given, and the first arrays of that and of what it returned."""

    args: tuple[Any, ...]
    named: Mapping[str, Any]
    taken: jax.Array
    made: jax.Array


Made = tuple[str, Settings]  # a kind and its settings


def of_module(module: nnx.Module, call: Called) -> Made:
    """Return what a layer is; of one that computes otherwise than Flax's own, nothing."""
    cls = patches.defining(type(module))
    make = None if cls is None else _MODULES.get(cls)
    return ("", {}) if make is None else make(module, call)


def of_function(name: str, call: Called) -> Made | None:
    """Return what the call of a function is; None: no layer."""
    if name in ("max_pool", "avg_pool"):
        names = ("inputs", "window_shape", "strides", "padding", "count_include_pad")
        given = dict(zip(names, call.args, strict=False)) | dict(call.named)
        return windows.pool(name, given, call.taken)
    if name in ("mean", "max"):
        return _over_places({"mean": "average", "max": "max"}[name], call)
    name = {"swish": "silu", "hard_swish": "hard_silu", "soft_sign": "softsign"}.get(name, name)
    given = dict(zip(_ARGUMENTS.get(name, ()), call.args[1:], strict=False)) | dict(call.named)
    found = {"activation": name}
    if name == "gelu" and given.get("approximate", True):
        found["activation"] = "gelu_tanh"
    if name in ("softmax", "log_softmax"):
        found["axis"] = _axis(given.get("axis", -1), call.taken)
    if name == "leaky_relu":
        found["negative_slope"] = text(float(given.get("negative_slope", 0.01)))
    if name in ("elu", "celu"):
        found["alpha"] = text(float(given.get("alpha", 1.0)))
    return name, found


_ARGUMENTS = {
    "gelu": ("approximate",),
    "leaky_relu": ("negative_slope",),
    "softmax": ("axis",),
    "log_softmax": ("axis",),
    "elu": ("alpha",),
    "celu": ("alpha",),
}


def _over_places(name: str, call: Called) -> Made | None:
    """Recognise a mean or the like over all places of an image or a sequence."""
    axes = call.named.get("axis", call.args[1] if len(call.args) > 1 else None)
    rank = call.taken.ndim
    if axes is None or rank < 3 or call.named.get("where") is not None:
        return None
    given = axes if isinstance(axes, tuple | list) else (axes,)
    if {int(axis) % rank for axis in given} != set(range(1, rank - 1)):
        return None
    return f"global_{name}_pool{rank - 2}d", {}


def _axis(axis: int, x: jax.Array) -> str:
    own = axis % x.ndim
    return "-1" if own == x.ndim - 1 else text(own)


def _dense(module: Any, _: Called) -> Made:
    return "dense", {"units": text(module.out_features), "use_bias": text(module.use_bias)}


def _convolution(module: nnx.Conv, call: Called) -> Made:
    name = "depthwise_conv" if views.is_depthwise(module) else "conv"
    if module.mask is not None or any(d != 1 for d in windows.each(module.input_dilation, 1)):
        return "", {}
    return f"{name}{len(module.kernel_size)}d", windows.convolution(module, call.taken)


def _transposed(module: nnx.ConvTranspose, call: Called) -> Made:
    settings = windows.transposed(module, call.taken, call.made)
    return f"conv_transpose{len(module.kernel_size)}d", settings


def _affine(module: Any) -> str:
    return text(bool(module.use_scale and module.use_bias))


def _batch_norm(module: nnx.BatchNorm, _: Called) -> Made:
    return "batch_norm", {
        "epsilon": text(module.epsilon),
        "momentum": text(module.momentum),
        "affine": _affine(module),
    }


def _layer_norm(module: nnx.LayerNorm, call: Called) -> Made:
    axes = module.reduction_axes
    axes = axes if isinstance(axes, tuple | list) else (axes,)
    return "layer_norm", {
        "epsilon": text(module.epsilon),
        "axis": ",".join(_axis(axis, call.taken) for axis in axes),
        "affine": _affine(module),
    }


def _group_norm(module: nnx.GroupNorm, _: Called) -> Made:
    return "group_norm", {
        "groups": text(module.num_groups),
        "epsilon": text(module.epsilon),
        "affine": _affine(module),
    }


def _function_of(function: Any) -> str:
    """Return the name of an activation function of a cell."""
    name = str(getattr(function, "__name__", "activation"))
    known = inspect.unwrap(function) if callable(function) else function
    own = str(getattr(known, "__module__", "")).startswith(("jax.", "flax."))
    return name if own else "activation"


def _recurrent(module: nnx.RNN, call: Called) -> Made:
    kind, settings = _cell(module.cell, call)
    reverse = call.named.get("reverse")
    if module.reverse if reverse is None else reverse:
        settings["go_backwards"] = "True"
    return kind.removesuffix("_cell"), settings | {
        "return_sequences": "True",
        "bidirectional": "False",
    }


def _bidirectional(module: nnx.Bidirectional, call: Called) -> Made:
    if not isinstance(module.forward_rnn, nnx.RNN):
        return "", {}
    kind, settings = _recurrent(module.forward_rnn, call)
    return kind, settings | {"bidirectional": "True", "merge": "concat"}


_CELLS = {
    nnx.LSTMCell: "lstm_cell",
    nnx.OptimizedLSTMCell: "lstm_cell",
    nnx.GRUCell: "gru_cell",
    nnx.SimpleCell: "rnn_cell",
}


def _cell(module: Any, _: Called) -> Made:
    kind = next((name for cls, name in _CELLS.items() if isinstance(module, cls)), "")
    if not kind:
        return "", {}
    found = {
        "units": text(module.hidden_features),
        "use_bias": "True",
        "activation": _function_of(module.activation_fn),
    }
    if hasattr(module, "gate_fn"):
        found["recurrent_activation"] = _function_of(module.gate_fn)
    if kind == "gru_cell":
        found["reset_after"] = "True"
    return kind, found


def _attention(module: nnx.MultiHeadAttention, call: Called) -> Made:
    return "multi_head_attention", {
        "causal": text(bool(call.named.get("is_causal"))),
        "keys_hidden": "0",
        "heads": text(module.num_heads),
        "key_size": text(module.head_dim),
        "value_size": text(module.head_dim),
        "scale": text(1 / math.sqrt(module.head_dim)),
        "rate": text(float(module.dropout_rate)),
        "use_bias": text(module.use_bias),
    }


def mask_of(module: nnx.Module, call: Called) -> jax.Array | None:
    """Return what says which keys attention looks at; it may depend on the model's input."""
    if not isinstance(module, nnx.MultiHeadAttention):
        return None
    mask = call.named.get("mask", call.args[3] if len(call.args) > 3 else None)
    return None if mask is None else jnp.asarray(mask)


def seen(settings: Settings, mask: NDArray[np.generic], samples: int) -> Settings:
    """Return attention's settings with its ``mask`` [samples or 1, ..., queries, keys].

    They tell whether no later key is seen, and how many keys of all samples no query sees.
    """
    rows = mask.astype(bool).reshape(-1, *mask.shape[-2:])
    later = np.triu(np.ones(rows.shape[1:], bool), 1)
    causal = bool(later.any()) and not rows[:, later].any()
    hidden = int((~rows.any(axis=1)).sum()) * samples // len(rows)
    either = text(causal or settings["causal"] == "True")
    return settings | {"causal": either, "keys_hidden": text(hidden)}


def _plain(kind: str) -> Callable[[Any, Called], Made]:
    return lambda *_: (kind, {})


_MODULES: Mapping[type, Callable[[Any, Called], Made]] = {
    nnx.Linear: _dense,
    nnx.Conv: _convolution,
    nnx.ConvTranspose: _transposed,
    nnx.Embed: lambda module, _: (
        "embedding",
        {"rows": text(module.num_embeddings), "width": text(module.features)},
    ),
    nnx.BatchNorm: _batch_norm,
    nnx.LayerNorm: _layer_norm,
    nnx.GroupNorm: _group_norm,
    nnx.RMSNorm: lambda module, _: ("rms_norm", {"epsilon": text(module.epsilon)}),
    nnx.MultiHeadAttention: _attention,
    nnx.RNN: _recurrent,
    nnx.Bidirectional: _bidirectional,
    nnx.LSTMCell: _cell,
    nnx.OptimizedLSTMCell: _cell,
    nnx.GRUCell: _cell,
    nnx.SimpleCell: _cell,
    nnx.Dropout: lambda module, _: ("dropout", {"rate": text(float(module.rate))}),
    nnx.PReLU: _plain("prelu"),
}
