"""Settings of layers that look at windows, and how settings are written."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
from flax import nnx
from jax import lax

Settings = dict[str, str]
Sides = Sequence[tuple[int, int]]


def text(value: object) -> str:
    """Return a setting's value as all frameworks write it."""
    if isinstance(value, list | tuple):
        return ",".join(map(text, value))
    return value if isinstance(value, str) else repr(value)


def each(value: int | Sequence[int] | None, axes: int) -> tuple[int, ...]:
    """Return a value for each axis; none: 1."""
    value = 1 if value is None else value
    return (int(value),) * axes if isinstance(value, int) else tuple(map(int, value))


def _sides(sides: Sides) -> str:
    return ",".join(f"{before}:{after}" for before, after in sides)


def padding(
    given: Any, window: Sequence[int], size: Sequence[int], stride: Sequence[int], dilation: Any
) -> Sides:
    """Return the values before and after each axis of ``window``, as they are for this input."""
    reach = [(k - 1) * d + 1 for k, d in zip(size, each(dilation, len(size)), strict=True)]
    if given == "CAUSAL":
        return [(one - 1, 0) for one in reach]
    if given in ("CIRCULAR", "REFLECT"):
        return [((one - 1) // 2, one // 2) for one in reach]
    if isinstance(given, str):
        return [(int(a), int(b)) for a, b in lax.padtype_to_pads(window, reach, stride, given)]
    return _explicit(given, len(size))


def _explicit(given: int | Sequence[Any], axes: int) -> Sides:
    if isinstance(given, int):
        return [(given, given)] * axes
    return [(one, one) if isinstance(one, int) else (int(one[0]), int(one[1])) for one in given]


def convolution(layer: nnx.Conv, taken: jax.Array) -> Settings:
    """Return a convolution's settings."""
    axes = len(layer.kernel_size)
    stride = each(layer.strides, axes)
    dilation = each(layer.kernel_dilation, axes)
    window = taken.shape[-axes - 1 : -1]
    sides = padding(layer.padding, window, layer.kernel_size, stride, dilation)
    found = {
        "units": text(layer.out_features),
        "size": text(tuple(layer.kernel_size)),
        "stride": text(stride),
        "padding": _sides(sides),
        "dilation": text(dilation),
        "groups": text(layer.feature_group_count),
        "use_bias": text(layer.use_bias),
    }
    if layer.padding in ("CIRCULAR", "REFLECT"):
        found["padding_mode"] = str(layer.padding).lower()
    return found


def transposed(layer: nnx.ConvTranspose, taken: jax.Array, made: jax.Array) -> Settings:
    """Return a transposed convolution's; its padding is what is cut from the full output."""
    axes = len(layer.kernel_size)
    stride, dilation = each(layer.strides, axes), each(layer.kernel_dilation, axes)
    sides = []
    for index, (k, s, d) in enumerate(zip(layer.kernel_size, stride, dilation, strict=True)):
        length, output = (array.shape[index - axes - 1] for array in (taken, made))
        reach = (k - 1) * d + 1
        cut = (length - 1) * s + reach - output
        before = _cut_before(layer.padding, index, reach, s, axes)
        sides.append((before, cut - before))
    return {
        "units": text(layer.out_features),
        "size": text(tuple(layer.kernel_size)),
        "stride": text(stride),
        "padding": _sides(sides),
        "dilation": text(dilation),
        "use_bias": text(layer.use_bias),
    }


def _cut_before(given: Any, index: int, reach: int, stride: int, axes: int) -> int:
    """Return what is cut off before: as `jax.lax.conv_transpose` pads less than everything."""
    if given == "SAME":
        padded = reach + stride - 2
        return reach - 1 - (reach - 1 if stride > reach - 1 else -(-padded // 2))
    if isinstance(given, str):
        return 0
    return reach - 1 - _explicit(given, axes)[index][0]


def pool(name: str, given: Mapping[str, Any], taken: jax.Array) -> tuple[str, Settings]:
    """Return the kind and the settings of `nnx.max_pool` and `nnx.avg_pool`."""
    size = tuple(given["window_shape"])
    axes, stride = len(size), each(given.get("strides"), len(size))
    kept = given.get("padding", "VALID")
    sides = padding(kept, taken.shape[-axes - 1 : -1], size, stride, 1)
    largest = name == "max_pool"
    counted = given.get("count_include_pad", True) or not any(map(any, sides))
    return f"{'max' if largest else 'average'}_pool{axes}d", {
        "size": text(size),
        "stride": text(stride),
        "padding": _sides(sides),
        "padding_value": "-inf" if largest else "0" if counted else "nan",  # no number: not counted
    }
