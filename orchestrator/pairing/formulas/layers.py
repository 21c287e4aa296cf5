"""What a traced layer returns in training, by its kind, its settings and its arrays."""

from dataclasses import replace

import numpy as np
from twinrun.contract.traced import TracedLayer

from orchestrator.pairing.formulas.activations import ACTIVATIONS, Floats, softmax
from orchestrator.pairing.formulas.sequences import Parts, attention, gru, lstm
from orchestrator.pairing.formulas.settings import Settings, flag, number, numbers
from orchestrator.pairing.formulas.windows import convolved, depthwise, pooled, resized


def returned(layer: TracedLayer, x: Floats, parts: Parts) -> Floats | None:
    """Return what the layer makes of ``x`` [batch, ...]; None: no formula, or none for ``x``.

    ``parts``: its arrays by their names in canonical layouts.
    """
    try:
        with np.errstate(all="ignore"):
            found = _plain(layer.kind, layer.settings, x, parts)
            activation = layer.settings.get("activation", "linear")
            if found is None or layer.kind in {"lstm", "gru"} or layer.kind in ACTIVATIONS:
                return found
            return ACTIVATIONS[activation](found)
    except (ValueError, KeyError, IndexError):
        return None


def _plain(kind: str, settings: Settings, x: Floats, parts: Parts) -> Floats | None:
    """Return it before the activation inside the layer."""
    bias = parts.get("bias", np.zeros(1))
    name = kind.rstrip("123d") if kind[-2:] in {"1d", "2d", "3d"} else kind
    match name:
        case "dense":
            return np.asarray(x @ parts["kernel"] + bias)
        case "conv":
            return np.asarray(convolved(x, parts["kernel"], settings) + bias)
        case "depthwise_conv":
            return np.asarray(depthwise(x, parts["kernel"], settings) + bias)
        case "max_pool" | "average_pool":
            return pooled(x, settings, largest=name == "max_pool")
        case "global_average_pool":
            return np.asarray(x.mean(axis=tuple(range(1, x.ndim - 1))))
        case "global_max_pool":
            return np.asarray(x.max(axis=tuple(range(1, x.ndim - 1))))
        case "batch_norm" | "layer_norm" | "group_norm":
            return normalised(kind, settings, x, parts)
        case _:
            return _of_kind(kind, settings, x, parts)


def _of_kind(kind: str, settings: Settings, x: Floats, parts: Parts) -> Floats | None:
    match kind:
        case "embedding":
            return np.asarray(parts["table"][x.astype(int)])
        case "lstm":
            return lstm(x, parts, settings)
        case "gru":
            return gru(x, parts, settings)
        case "multi_head_attention":
            return attention(x, parts, settings)
        case "upsample2d":
            return resized(x, settings)
        case _:
            return _activated(kind, settings, x)


def _activated(kind: str, settings: Settings, x: Floats) -> Floats | None:
    match kind:
        case "leaky_relu":
            return np.where(x > 0, x, number(settings, "negative_slope", 0.01) * x)
        case "elu":
            return np.where(x > 0, x, number(settings, "alpha", 1.0) * np.expm1(np.minimum(x, 0)))
        case "softmax":
            axis = numbers(settings, "axis", 1, -1)[0]
            return np.moveaxis(softmax(np.moveaxis(x, axis, -1)), -1, axis)
        case "identity" | "flatten":
            return x.reshape(len(x), -1) if kind == "flatten" else x
        case _:
            return ACTIVATIONS[kind](x) if kind in ACTIVATIONS else None


def normalised(kind: str, settings: Settings, x: Floats, parts: Parts) -> Floats:
    """Return it with mean 0 and variance 1 over the kind's axes, then scaled and moved.

    The setting ``evaluating`` takes a batch norm's moving statistics.
    """
    shape, groups = x.shape, 1
    if kind == "batch_norm":
        axes: tuple[int, ...] = tuple(range(x.ndim - 1))
    elif kind == "layer_norm":
        axes = tuple(int(axis) for axis in settings.get("axis", "-1").split(",") if axis)
    else:
        groups = numbers(settings, "groups", 1, 1)[0]
        x = x.reshape(*shape[:-1], groups, -1)
        axes = (*range(1, x.ndim - 2), x.ndim - 1)
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    if flag(settings, "evaluating"):
        mean, variance = parts["moving_mean"], parts["moving_variance"]
    epsilon = number(settings, "epsilon", 0.0)
    found = ((x - mean) / np.sqrt(variance + epsilon)).reshape(shape)
    return np.asarray(found * parts.get("gamma", np.ones(1)) + parts.get("beta", np.zeros(1)))


def with_settings(layer: TracedLayer, **changes: str) -> TracedLayer:
    """Return the layer with other settings."""
    return replace(layer, settings={**layer.settings, **changes})
