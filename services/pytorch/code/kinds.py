"""What the layers of PyTorch are called here, and their settings: modules' and functions' alike."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import torch
from torch import nn

from services.pytorch.code import arrays, layouts

Settings = dict[str, str]
Made = tuple[str, Settings]  # a kind and its settings

_ACTIVATIONS: Mapping[type[nn.Module], str] = {
    nn.ReLU: "relu",
    nn.ReLU6: "relu6",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
    nn.SiLU: "silu",
    nn.ELU: "elu",
    nn.SELU: "selu",
    nn.Softplus: "softplus",
    nn.Hardswish: "hard_silu",
    nn.Hardsigmoid: "hard_sigmoid",
    nn.Mish: "mish",
    nn.LeakyReLU: "leaky_relu",
    nn.GELU: "gelu",
    nn.Softmax: "softmax",
    nn.LogSoftmax: "log_softmax",
}


def texts(**values: object) -> Settings:
    """Return settings as text; those that are None are left out."""
    return {
        name: value if isinstance(value, str) else repr(value)
        for name, value in values.items()
        if value is not None
    }


def sizes(value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """Return a size along each axis."""
    return (int(value),) * axes if isinstance(value, int) else tuple(map(int, value))


def _joined(values: Sequence[int]) -> str:
    return ",".join(map(str, values))


def _sides(sides: Sequence[tuple[int, int]]) -> str:
    return ",".join(f"{before}:{after}" for before, after in sides)


def window(
    size: int | Sequence[int],
    stride: int | Sequence[int] | None,
    padding: int | Sequence[int],
    axes: int,
) -> Settings:
    """Return the settings of a pool's window."""
    size = sizes(size, axes)
    return texts(
        size=_joined(size),
        stride=_joined(size if stride is None else sizes(stride, axes)),
        padding=_sides([(p, p) for p in sizes(padding, axes)]),
    )


def axis(dim: int, x: torch.Tensor) -> str:
    """Return an axis of ``x`` as it is counted in its canonical layout; the last one is -1."""
    place = layouts.of(x).order.index(dim % x.ndim)
    return "-1" if place == x.ndim - 1 else str(place)


def of(module: nn.Module, x: torch.Tensor | None) -> Made:
    """Return what a module is that was called with ``x``. Unknown: an empty kind."""
    if not is_own(module):
        return "", {}
    name, make = _known(type(module))  # type: ignore[arg-type]
    if name is not None:
        return name, _activation(name, module, x)
    return ("", {}) if make is None else make(module)


@cache
def _known(own: type[nn.Module]) -> tuple[str | None, Callable[..., Made] | None]:
    """Return a class's name if it is an activation, and what tells its settings if it is not."""
    return (
        next((name for kind, name in _ACTIVATIONS.items() if issubclass(own, kind)), None),
        next((make for kind, make in _MODULES.items() if issubclass(own, kind)), None),
    )


def is_own(module: nn.Module) -> bool:
    """Return whether a module computes as one of PyTorch's own classes does."""
    place: str = type(module).forward.__module__
    return place.startswith("torch.nn.")


def _activation(name: str, module: nn.Module, x: torch.Tensor | None) -> Settings:
    own = vars(module)
    approximate = own.get("approximate", "none")
    found = texts(
        activation=name if approximate == "none" else f"{name}_{approximate}",
        negative_slope=own.get("negative_slope"),
        alpha=own.get("alpha"),
    )
    dim = own.get("dim")
    return found if dim is None or x is None else found | {"axis": axis(dim, x)}


def _dense(module: nn.Linear) -> Made:
    return "dense", texts(units=module.out_features, use_bias=module.bias is not None)


def _convolution(module: nn.Conv2d) -> Made:
    axes = len(module.kernel_size)
    common = texts(
        filters=module.out_channels,
        use_bias=module.bias is not None,
        size=_joined(module.kernel_size),
        stride=_joined(module.stride),
        dilation=_joined(module.dilation),
        padding_mode=None if module.padding_mode == "zeros" else module.padding_mode,
    )
    if isinstance(module, arrays.TRANSPOSED):
        cut = zip(module.padding, module.output_padding, strict=True)
        sides = [(padding, padding - more) for padding, more in cut]
        grouped = texts(groups=module.groups)
        return f"conv_transpose{axes}d", common | grouped | texts(padding=_sides(sides))
    if module.padding == "same":
        whole = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        sides = [(total // 2, total - total // 2) for total in whole]
    else:
        plain = (0,) * axes if module.padding == "valid" else module.padding
        sides = [(padding, padding) for padding in plain]
    common |= texts(padding=_sides(sides))
    if arrays.is_depthwise(module):
        return f"depthwise_conv{axes}d", common
    return f"conv{axes}d", common | texts(groups=module.groups)


def _batch_norm(module: nn.BatchNorm2d) -> Made:
    momentum = None if module.momentum is None else round(1 - module.momentum, 12)
    return "batch_norm", texts(epsilon=module.eps, momentum=momentum, affine=module.affine)


def _layer_norm(module: nn.LayerNorm) -> Made:
    axes = ",".join(map(str, range(-len(module.normalized_shape), 0)))
    return "layer_norm", texts(epsilon=module.eps, axis=axes, affine=module.elementwise_affine)


def _group_norm(module: nn.GroupNorm) -> Made:
    return "group_norm", texts(groups=module.num_groups, epsilon=module.eps, affine=module.affine)


def _recurrent(module: arrays.Recurrent) -> Made:
    gated = not isinstance(module, nn.RNN | nn.RNNCell)
    name = type(module).__name__.lower().replace("cell", "_cell")
    return name, texts(
        units=module.hidden_size,
        return_sequences=None if isinstance(module, nn.RNNCellBase) else True,
        activation="tanh" if gated else module.nonlinearity,
        recurrent_activation="sigmoid" if gated else None,
        use_bias=module.bias,
        bidirectional=getattr(module, "bidirectional", False),
        reset_after=True if isinstance(module, nn.GRU | nn.GRUCell) else None,
    )


def of_call(module: nn.Module, args: Sequence[object], kwargs: Mapping[str, object]) -> Settings:
    """Return the settings that a call has beside its module's: what attention does not look at."""
    if not isinstance(module, nn.MultiheadAttention):
        return {}
    mask = kwargs.get("attn_mask", args[5] if len(args) > 5 else None)
    causal = False
    if isinstance(mask, torch.Tensor) and mask.ndim == 2:
        hidden = mask if mask.dtype is torch.bool else mask.isneginf()
        causal = torch.equal(hidden, torch.ones_like(hidden).triu(1))
    padding = kwargs.get("key_padding_mask", args[3] if len(args) > 3 else None)
    keys = 0  # of all samples
    if isinstance(padding, torch.Tensor):
        keys = int((padding if padding.dtype is torch.bool else padding.isneginf()).sum())
    return texts(causal=causal, keys_hidden=keys)


def _attention(module: nn.MultiheadAttention) -> Made:
    return "multi_head_attention", texts(
        heads=module.num_heads,
        key_size=module.head_dim,
        value_size=module.head_dim,
        scale=1 / math.sqrt(module.head_dim),
        use_bias=module.in_proj_bias is not None,
        rate=float(module.dropout),
    )


def _max_pool(module: nn.MaxPool2d) -> Made:
    axes = int(type(module).__name__[-2])
    found = window(module.kernel_size, module.stride, module.padding, axes)
    return f"max_pool{axes}d", found | texts(padding_value=-math.inf, ceil=module.ceil_mode or None)


def _average_pool(module: nn.AvgPool2d) -> Made:
    axes = int(type(module).__name__[-2])
    found = window(module.kernel_size, module.stride, module.padding, axes)
    return f"average_pool{axes}d", found | of_means(module.count_include_pad, module.ceil_mode)


def of_means(counts_padding: bool, ceil: bool) -> Settings:
    """Return the settings of an average pool: padding that it does not count is no number."""
    return texts(padding_value=0 if counts_padding else math.nan, ceil=ceil or None)


def adaptive(name: str, size: int | Sequence[int | None] | None, axes: int) -> Made:
    """Return what a pool with an output of ``size`` is; ``name``: average or max."""
    wanted = (size,) * axes if isinstance(size, int) or size is None else tuple(size)
    if wanted == (1,) * axes:
        return f"global_{name}_pool{axes}d", {}
    return f"adaptive_{name}_pool{axes}d", texts(size=",".join(map(str, wanted)))


def _dropout(module: nn.Dropout) -> Made:
    axes = type(module).__name__.removeprefix("Dropout").lower()
    return f"spatial_dropout{axes}" if axes else "dropout", texts(rate=float(module.p))


def _embedding(module: nn.Embedding) -> Made:
    return "embedding", texts(rows=module.num_embeddings, width=module.embedding_dim)


def _upsample(module: nn.Upsample) -> Made:
    return resized(module.size, module.scale_factor, module.mode, module.align_corners)


def resized(size: object, scale: object, mode: str, corners: bool | None) -> Made:
    """Return what an interpolation is."""
    if isinstance(scale, int | float):
        scale = (scale, scale)
    factors = ",".join(f"{f:g}" for f in scale) if isinstance(scale, tuple | list) else None
    form = texts(interpolation=mode, corners=bool(corners), size=factors, target=size)
    return "upsample2d", form


def _border(module: nn.ConstantPad2d) -> Made:
    """Return what a border is; the last axis is padded first."""
    pairs = list(zip(module.padding[::2], module.padding[1::2], strict=True))[::-1]
    return "pad", texts(
        padding=_sides([*pairs, (0, 0)]), padding_value=module.value or 0, mode="constant"
    )


_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
_MODULES: Mapping[arrays.Classes, Callable[..., Made]] = {
    nn.Linear: _dense,
    arrays.CONVOLUTIONS + arrays.TRANSPOSED: _convolution,
    arrays.BATCH_NORMS: _batch_norm,
    nn.LayerNorm: _layer_norm,
    nn.GroupNorm: _group_norm,
    nn.RMSNorm: lambda module: ("rms_norm", texts(epsilon=module.eps)),
    nn.Embedding: _embedding,
    (nn.RNNBase, nn.RNNCellBase): _recurrent,
    nn.MultiheadAttention: _attention,
    (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d): _max_pool,
    (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d): _average_pool,
    nn.AdaptiveAvgPool1d: lambda module: adaptive("average", module.output_size, 1),
    nn.AdaptiveAvgPool2d: lambda module: adaptive("average", module.output_size, 2),
    nn.AdaptiveMaxPool1d: lambda module: adaptive("max", module.output_size, 1),
    nn.AdaptiveMaxPool2d: lambda module: adaptive("max", module.output_size, 2),
    _DROPOUTS: _dropout,
    (nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d): _border,
    nn.Flatten: lambda _: ("flatten", {}),
    nn.Unflatten: lambda _: ("reshape", {}),
    nn.PReLU: lambda _: ("prelu", {}),
    nn.Upsample: _upsample,
    nn.Identity: lambda _: ("identity", {}),
}
