"""What a traced layer returns in training, by its kind, its settings and its arrays."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from twinrun.contract.traced import TracedLayer

from orchestrator.pairing.formulas.activations import ACTIVATIONS, Floats, softmax
from orchestrator.pairing.formulas.sequences import Parts, attention, gru, lstm
from orchestrator.pairing.formulas.settings import Settings, flag, number, numbers
from orchestrator.pairing.formulas.windows import bordered, convolved, depthwise, pooled, resized
from orchestrator.pairing.units import ACTIVATIONS as KINDS


def returned(layer: TracedLayer, x: Floats, parts: Parts) -> Floats | None:
    """Return what the layer makes of ``x`` [batch, ...]; None: no formula, or none for ``x``.

    ``parts``: its arrays by their names in canonical layouts.
    """
    # A gelu's form is its activation.
    kind = layer.settings.get("activation", "gelu") if layer.kind == "gelu" else layer.kind
    formula = _FORMULAS.get(kind)
    if formula is None:
        return None
    within = layer.kind in {"lstm", "gru", *KINDS}
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(formula(x, parts, _sized(layer)))
            after = "linear" if within else layer.settings.get("activation", "linear")
            return ACTIVATIONS[after](found)
    except (ValueError, KeyError, IndexError):  # of another shape, or with unknown settings
        return None


def _sized(layer: TracedLayer) -> Settings:
    """Return the settings; an interpolation to a target has the factors that this gives."""
    if layer.kind != "upsample2d" or "size" in layer.settings or len(layer.output_shape) != 3:
        return layer.settings
    sizes = zip(layer.output_shape[:-1], layer.input_shape[:-1], strict=True)
    return {**layer.settings, "size": ",".join(str(made // given) for made, given in sizes)}


def _with_bias(found: Floats, parts: Parts) -> Floats:
    return np.asarray(found + parts.get("bias", np.zeros(1)))


def _dense(x: Floats, parts: Parts, _: Settings) -> Floats:
    return _with_bias(x @ parts["kernel"], parts)


def _convolution(x: Floats, parts: Parts, settings: Settings) -> Floats:
    return _with_bias(convolved(x, parts["kernel"], settings), parts)


def _depthwise(x: Floats, parts: Parts, settings: Settings) -> Floats:
    return _with_bias(depthwise(x, parts["kernel"], settings), parts)


def _places(x: Floats) -> tuple[int, ...]:
    """Return the axes between the batch and the channels."""
    return tuple(range(1, x.ndim - 1))


def _leaky_relu(x: Floats, _: Parts, settings: Settings) -> Floats:
    return np.where(x > 0, x, number(settings, "negative_slope", 0.01) * x)


def _elu(x: Floats, _: Parts, settings: Settings) -> Floats:
    return np.where(x > 0, x, number(settings, "alpha", 1.0) * np.expm1(np.minimum(x, 0)))


def _softmax(x: Floats, _: Parts, settings: Settings) -> Floats:
    axis = numbers(settings, "axis", 1, -1)[0]
    return np.moveaxis(softmax(np.moveaxis(x, axis, -1)), -1, axis)


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


def before_norm(layer: TracedLayer, made: Floats, parts: Parts) -> Floats | None:
    """Return what a norm got, but for its mean, by what it returned; None: that is lost.

    What it returns has the variance v / (v + epsilon): so little below 1 that it tells v.
    """
    epsilon = number(layer.settings, "epsilon", 0.0)
    if layer.kind not in {"batch_norm", "layer_norm"} or not epsilon:
        return None
    axes = tuple(range(made.ndim - 1)) if layer.kind == "batch_norm" else (-1,)
    gamma = parts.get("gamma", np.ones(1))
    if not np.all(gamma) or layer.settings.get("axis", "-1") != "-1":
        return None
    if gamma.shape[-1] not in {1, made.shape[-1]}:  # laid out otherwise
        return None
    normal = (made - parts.get("beta", np.zeros(1))) / gamma
    share = np.square(normal).mean(axis=axes, keepdims=True)
    if not np.all((share > 0) & (share < 1)):
        return None
    return np.asarray(normal * np.sqrt(epsilon / (1 - share)))


def with_settings(layer: TracedLayer, **changes: str) -> TracedLayer:
    """Return the layer with other settings."""
    return replace(layer, settings={**layer.settings, **changes})


Formula = Callable[[Floats, Parts, Settings], Floats]


def _activation(name: str) -> Formula:
    return lambda x, _, __: ACTIVATIONS[name](x)


def _norm(kind: str) -> Formula:
    return lambda x, parts, settings: normalised(kind, settings, x, parts)


_FORMULAS: Mapping[str, Formula] = {
    **{name: _activation(name) for name in ACTIVATIONS},
    **{kind: _norm(kind) for kind in ("batch_norm", "layer_norm", "group_norm")},
    **{f"conv{n}d": _convolution for n in (1, 2, 3)},
    **{f"depthwise_conv{n}d": _depthwise for n in (1, 2)},
    **{f"max_pool{n}d": lambda x, _, own: pooled(x, own, largest=True) for n in (1, 2, 3)},
    **{f"average_pool{n}d": lambda x, _, own: pooled(x, own, largest=False) for n in (1, 2, 3)},
    **{f"global_max_pool{n}d": lambda x, _, __: x.max(axis=_places(x)) for n in (1, 2)},
    **{f"global_average_pool{n}d": lambda x, _, __: x.mean(axis=_places(x)) for n in (1, 2)},
    "dense": _dense,
    "embedding": lambda x, parts, _: parts["table"][x.astype(int)],
    "lstm": lstm,
    "gru": gru,
    "multi_head_attention": attention,
    "upsample2d": lambda x, _, own: resized(x, own),
    "pad": lambda x, _, own: bordered(x, own),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "softmax": _softmax,
    "identity": lambda x, _, __: x,
    "flatten": lambda x, _, __: x.reshape(len(x), -1),
}
