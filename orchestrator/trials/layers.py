"""The shapes and parameters that each layer of a spec implies, as runners make them."""

import math
from collections.abc import Mapping
from typing import Literal, assert_never

from twinrun.v1 import job_pb2

from orchestrator.trials.kinds import layer_kind

Shape = tuple[int, ...]

# Of each norm: one value for each channel.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "batch_norm": ("gamma", "beta", "moving_mean", "moving_variance"),
    "layer_norm": ("gamma", "beta"),
    "rms_norm": ("gamma",),
    "group_norm": ("gamma", "beta"),
}


def after(layer: job_pb2.Layer, shape: Shape) -> tuple[Shape, dict[str, Shape]] | None:
    """Return the layer's output for a sample of ``shape``, and its parameters. None: impossible."""
    kind = layer_kind(layer)
    match kind:
        case "flatten":
            return (math.prod(shape),), {}
        case "activation" | "dropout":
            return shape, {}
        case "dense" | "custom_dense" | "embedding":
            return _of_products(layer, shape)
        case "conv2d":
            conv = layer.conv2d
            parameters: dict[str, Shape] = {
                "kernel": (conv.size, conv.size, shape[-1], conv.filters)
            }
            if conv.use_bias:
                parameters["bias"] = (conv.filters,)
            windows = _windows(shape, conv.size, conv.stride, conv.padding)
            return ((*windows, conv.filters), parameters) if windows else None
        case "max_pool2d" | "average_pool2d":
            pool = layer.max_pool2d if kind == "max_pool2d" else layer.average_pool2d
            windows = _windows(shape, pool.size, pool.stride, 0)
            return ((*windows, shape[-1]), {}) if windows else None
        case "batch_norm" | "layer_norm" | "rms_norm" | "group_norm":
            return shape, dict.fromkeys(_PARTS[kind], shape[-1:])
        case "lstm" | "last_step" | "position_embedding" | "multi_head_attention":
            return _of_sequences(layer, kind, shape) if len(shape) == 2 else None
        case None:  # of a later version
            return None
        case _:
            assert_never(kind)


def _of_products(layer: job_pb2.Layer, shape: Shape) -> tuple[Shape, dict[str, Shape]] | None:
    """Return as `after` what a dense layer or an embedding has, at each position of a sequence."""
    if layer.HasField("embedding"):
        table = layer.embedding.codes, layer.embedding.width
        return ((*shape, table[1]), {"table": table}) if len(shape) == 1 else None
    custom = layer.HasField("custom_dense")
    units = layer.custom_dense.units if custom else layer.dense.units
    parameters: dict[str, Shape] = {"kernel": (shape[-1], units)}
    if custom or layer.dense.use_bias:
        parameters["bias"] = (units,)
    return ((*shape[:-1], units), parameters) if len(shape) <= (1 if custom else 2) else None


def _of_sequences(
    layer: job_pb2.Layer,
    kind: Literal["lstm", "last_step", "position_embedding", "multi_head_attention"],
    shape: Shape,
) -> tuple[Shape, dict[str, Shape]] | None:
    """Return as `after`, for a sequence [time, width]."""
    time, width = shape
    match kind:
        case "last_step":
            return (width,), {}
        case "position_embedding":
            return shape, {"table": shape}
        case "lstm":
            units = layer.lstm.units
            gates = (4 * units,)
            arrays = {"kernel": (width, *gates), "recurrent_kernel": (units, *gates)}
            return (time, units), {**arrays, "bias": gates}
        case "multi_head_attention":
            attention = layer.multi_head_attention
            if attention.heads < 1 or width % attention.heads:
                return None
            head = attention.heads, width // attention.heads
            parameters: dict[str, Shape] = {}
            for part in ("query", "key", "value", "output"):
                last = part == "output"
                parameters[f"{part}_kernel"] = (*head, width) if last else (width, *head)
                if attention.use_bias:
                    parameters[f"{part}_bias"] = (width,) if last else head
            return shape, parameters
        case _:
            assert_never(kind)


def _windows(shape: Shape, size: int, stride: int, padding: int) -> Shape | None:
    if len(shape) != 3 or stride < 1:
        return None
    sides = tuple((side + 2 * padding - size) // stride + 1 for side in shape[:2])
    return sides if min(sides) > 0 else None
