"""The shapes and parameters that each layer of a spec implies, as runners make them."""

import math
from collections.abc import Mapping, Sequence
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
        case "flatten" | "activation" | "dropout" | "spatial_dropout2d":
            return ((math.prod(shape),) if kind == "flatten" else shape), {}
        case "dense" | "custom_dense" | "embedding":
            return _of_products(layer, shape)
        case "conv1d" | "conv2d" | "conv2d_transpose":
            return _of_kernels(layer, shape)
        case "max_pool2d" | "average_pool2d":
            pool = layer.max_pool2d if kind == "max_pool2d" else layer.average_pool2d
            windows = _windows(shape, ((pool.size, pool.stride, 0),) * 2)
            return ((*windows, shape[-1]), {}) if windows else None
        case "global_average_pool2d" | "global_max_pool2d" | "to_sequence":
            made = (math.prod(shape[:-1]), shape[-1]) if kind == "to_sequence" else shape[-1:]
            return (made, {}) if len(shape) == 3 else None
        case "zero_padding2d" | "up_sampling2d":
            return (_larger(layer, shape), {}) if len(shape) == 3 else None
        case "batch_norm" | "layer_norm" | "rms_norm" | "group_norm":
            return shape, dict.fromkeys(_PARTS[kind], shape[-1:])
        case (
            "lstm"
            | "gru"
            | "bidirectional"
            | "last_step"
            | "position_embedding"
            | "sinusoidal_positions"
            | "multi_head_attention"
            | "global_average_pool1d"
            | "global_max_pool1d"
        ):
            return _of_sequences(layer, kind, shape) if len(shape) == 2 else None
        case "residual" | "concat" | "repeat" | None:  # none is a leaf; None: of a later version
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


def _of_kernels(layer: job_pb2.Layer, shape: Shape) -> tuple[Shape, dict[str, Shape]] | None:
    """Return as `after` what a convolution has."""
    if layer.HasField("conv1d"):
        return _of_conv1d(layer.conv1d, shape)
    if layer.HasField("conv2d_transpose"):
        return _of_transposed(layer.conv2d_transpose, shape)
    return _of_convolution(layer.conv2d, shape)


def _of_conv1d(conv: job_pb2.Conv1d, shape: Shape) -> tuple[Shape, dict[str, Shape]] | None:
    if len(shape) != 2 or min(conv.stride, conv.groups) < 1:
        return None
    zeros = sum(conv.padding_1d) if conv.padding_1d else 2 * conv.padding
    reach = (conv.size - 1) * conv.dilation + 1
    time = (shape[0] + zeros - reach) // conv.stride + 1
    if conv.same:
        time = -(-shape[0] // conv.stride)
    parameters: dict[str, Shape] = {"kernel": (conv.size, shape[-1] // conv.groups, conv.filters)}
    if conv.use_bias:
        parameters["bias"] = (conv.filters,)
    return ((time, conv.filters), parameters) if time > 0 else None


def _of_both_ways(layer: job_pb2.Bidirectional, shape: Shape) -> tuple[Shape, dict[str, Shape]]:
    one = layer.lstm if layer.HasField("lstm") else layer.gru
    (time, units), arrays = _of_one_way(one, shape)
    ways = ("forward", "backward")
    both = {f"{way}.{part}": array for way in ways for part, array in arrays.items()}
    return (time, 2 * units), both


def _of_one_way(layer: job_pb2.Lstm | job_pb2.Gru, shape: Shape) -> tuple[Shape, dict[str, Shape]]:
    (time, width), units = shape, layer.units
    gates = ((4 if isinstance(layer, job_pb2.Lstm) else 3) * units,)
    arrays = {"kernel": (width, *gates), "recurrent_kernel": (units, *gates), "bias": gates}
    if isinstance(layer, job_pb2.Gru) and layer.reset_after:
        arrays["recurrent_bias"] = gates
    return (time, units), arrays


def _of_transposed(
    conv: job_pb2.Conv2dTranspose, shape: Shape
) -> tuple[Shape, dict[str, Shape]] | None:
    sizes = tuple(conv.size_2d) or (conv.size, conv.size)
    strides = tuple(conv.stride_2d) or (conv.stride, conv.stride)
    if len(shape) != 3 or (len(sizes), len(strides)) != (2, 2):
        return None
    cut = 2 * conv.padding - conv.output_padding
    made = tuple(
        side * stride if conv.same else (side - 1) * stride + size - cut
        for side, size, stride in zip(shape, sizes, strides, strict=False)
    )
    parameters: dict[str, Shape] = {"kernel": (*sizes, conv.filters, shape[-1])}
    if conv.use_bias:
        parameters["bias"] = (conv.filters,)
    return ((*made, conv.filters), parameters) if min(made) > 0 else None


def _of_sequences(
    layer: job_pb2.Layer,
    kind: Literal[
        "lstm",
        "gru",
        "bidirectional",
        "last_step",
        "position_embedding",
        "sinusoidal_positions",
        "multi_head_attention",
        "global_average_pool1d",
        "global_max_pool1d",
    ],
    shape: Shape,
) -> tuple[Shape, dict[str, Shape]] | None:
    """Return as `after`, for a sequence [time, width]."""
    width = shape[-1]
    match kind:
        case "lstm" | "gru":
            return _of_one_way(layer.lstm if kind == "lstm" else layer.gru, shape)
        case "bidirectional":
            return _of_both_ways(layer.bidirectional, shape)
        case "last_step" | "global_average_pool1d" | "global_max_pool1d":
            return (width,), {}
        case "position_embedding":
            return shape, {"table": shape}
        case "sinusoidal_positions":
            return shape, {}
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
                    parameters[f"{part}_bias"] = (width,)
            return shape, parameters
        case _:
            assert_never(kind)


def _larger(layer: job_pb2.Layer, shape: Shape) -> Shape:
    """Return the shape of an image with zeros around it, or of several times the size."""
    height, width, channels = shape
    if layer.HasField("up_sampling2d"):
        return layer.up_sampling2d.factor * height, layer.up_sampling2d.factor * width, channels
    zeros = tuple(layer.zero_padding2d.padding_2d) or (layer.zero_padding2d.padding,) * 2
    return height + sum(zeros[:2]), width + sum(zeros[-2:]), channels


def _of_convolution(conv: job_pb2.Conv2d, shape: Shape) -> tuple[Shape, dict[str, Shape]] | None:
    if len(shape) != 3 or conv.groups < 1:
        return None
    sizes = tuple(conv.size_2d) or (conv.size, conv.size)
    strides = tuple(conv.stride_2d) or (conv.stride, conv.stride)
    zeros = tuple(conv.padding_2d) or (conv.padding,) * 2
    pairs = (zeros[:2], zeros[-2:])
    if min(map(len, (sizes, strides, *pairs))) < 2:
        return None
    parameters: dict[str, Shape] = {"kernel": (*sizes, shape[-1] // conv.groups, conv.filters)}
    if conv.use_bias:
        parameters["bias"] = (conv.filters,)
    reach = tuple((size - 1) * conv.dilation + 1 for size in sizes)
    if conv.same:
        made = tuple(-(-side // max(by, 1)) for side, by in zip(shape, strides, strict=False))
        return (*made, conv.filters), parameters
    windows = _windows(shape, tuple(zip(reach, strides, map(sum, pairs), strict=True)))
    return ((*windows, conv.filters), parameters) if windows else None


def _windows(shape: Shape, axes: Sequence[tuple[int, int, int]]) -> Shape | None:
    """Return how many windows fit; ``axes``: reach, stride, and all zeros."""
    if len(shape) != 3 or min(stride for _, stride, _ in axes) < 1:
        return None
    sides = tuple(
        (side + zeros - reach) // stride + 1
        for side, (reach, stride, zeros) in zip(shape, axes, strict=False)
    )
    return sides if min(sides) > 0 else None
