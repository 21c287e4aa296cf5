"""Functions that the code calls itself: which of them are layers, and their settings."""

import math
from collections.abc import Callable, Mapping, Sequence

import torch

from services.pytorch.code import kinds, layouts
from services.pytorch.code.kinds import Made, adaptive, of_means, resized, texts, window

Given = Mapping[str, object]

# Names that PyTorch gives its functions for random numbers, whatever they fill or return.
RANDOM = {
    *("rand", "randn", "rand_like", "randn_like", "randint", "randint_like", "randperm", "normal"),
    *("bernoulli", "multinomial", "poisson", "normal_", "uniform_", "bernoulli_", "exponential_"),
    *("random_", "geometric_", "cauchy_", "log_normal_", "rrelu", "rrelu_", "gumbel_softmax"),
    *("native_dropout", "feature_dropout", "fractional_max_pool2d", "rsample", "sample"),
}


def of(name: str, args: Sequence[object], kwargs: Given) -> Made | None:
    """Return what the call of a function is; None: not a layer."""
    name = name.removesuffix("_")
    if name in _PLAIN:
        return name, texts(activation=name)
    make = _FUNCTIONS.get(name)
    if make is None or not args or not isinstance(args[0], torch.Tensor):
        return None
    given = dict(zip(_ARGUMENTS.get(name, ()), args[1:], strict=False)) | dict(kwargs)
    return make(args[0], given)


_PLAIN = {"relu", "relu6", "tanh", "sigmoid", "silu", "selu", "softplus", "mish"}
_POOL = ("kernel_size", "stride", "padding")
_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    **{f"max_pool{axes}d": (*_POOL, "dilation", "ceil_mode") for axes in (1, 2, 3)},
    **{f"avg_pool{axes}d": (*_POOL, "ceil_mode", "count_include_pad") for axes in (1, 2, 3)},
    **{
        f"adaptive_{kind}_pool{axes}d": ("output_size",)
        for kind in ("avg", "max")
        for axes in (1, 2)
    },
    "softmax": ("dim",),
    "log_softmax": ("dim",),
    "leaky_relu": ("negative_slope",),
    "elu": ("alpha",),
    "mean": ("dim", "keepdim"),
    "amax": ("dim", "keepdim"),
    "interpolate": ("size", "scale_factor", "mode", "align_corners"),
    "layer_norm": ("normalized_shape", "weight", "bias", "eps"),
    "pad": ("pad", "mode", "value"),
    "cat": ("dim",),
    "dropout": ("p",),
    "scaled_dot_product_attention": (
        *("key", "value", "attn_mask", "dropout_p", "is_causal", "scale"),
    ),
}


def _max_pool(axes: int) -> Callable[[torch.Tensor, Given], Made]:
    def made(_: torch.Tensor, given: Given) -> Made:
        found = _window(given, axes) | texts(
            padding_value=-math.inf, ceil=_is(given, "ceil_mode") or None
        )
        return f"max_pool{axes}d", found

    return made


def _average_pool(axes: int) -> Callable[[torch.Tensor, Given], Made]:
    def made(_: torch.Tensor, given: Given) -> Made:
        counted = bool(given.get("count_include_pad", True))
        return f"average_pool{axes}d", _window(given, axes) | of_means(
            counted, _is(given, "ceil_mode")
        )

    return made


def _window(given: Given, axes: int) -> dict[str, str]:
    size, stride, padding = (given.get(name) for name in _POOL)
    return window(size, stride or None, padding or 0, axes)  # type: ignore[arg-type]


def _is(given: Given, name: str) -> bool:
    return bool(given.get(name, False))


def _softmax(name: str) -> Callable[[torch.Tensor, Given], Made]:
    def made(x: torch.Tensor, given: Given) -> Made:
        dim = given.get("dim")
        at = kinds.axis(dim, x) if isinstance(dim, int) else None
        return name, texts(activation=name, axis=at)

    return made


def _gelu(_: torch.Tensor, given: Given) -> Made:
    form = given.get("approximate", "none")
    return "gelu", texts(activation="gelu" if form == "none" else f"gelu_{form}")


def _over_places(name: str) -> Callable[[torch.Tensor, Given], Made | None]:
    """Return what recognises a mean or the like over all places of an image or sequence."""

    def made(x: torch.Tensor, given: Given) -> Made | None:
        dims = given.get("dim")
        if not isinstance(dims, int | tuple | list):
            return None
        reduced = {dim % x.ndim for dim in ([dims] if isinstance(dims, int) else dims)}
        if x.ndim < 3 or reduced != set(layouts.of(x).order[1:-1]):
            return None
        return f"global_{name}_pool{x.ndim - 2}d", {}

    return made


def _attention(x: torch.Tensor, given: Given) -> Made:
    scale = given.get("scale")
    return "attention", texts(
        scale=1 / math.sqrt(x.shape[-1]) if scale is None else scale,
        causal=_is(given, "is_causal"),
        rate=given.get("dropout_p", 0.0),
    )


def _pad(x: torch.Tensor, given: Given) -> Made:
    numbers = given.get("pad", ())
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))  # type: ignore[index]
    sides = [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]
    laid = [sides[axis] for axis in layouts.of(x).order[1:]]
    return "pad", texts(
        padding=",".join(f"{before}:{after}" for before, after in laid),
        padding_value=given.get("value") or 0,
        mode=given.get("mode", "constant"),
    )


_FUNCTIONS: Mapping[str, Callable[[torch.Tensor, Given], Made | None]] = {
    **{f"max_pool{axes}d": _max_pool(axes) for axes in (1, 2, 3)},
    **{f"avg_pool{axes}d": _average_pool(axes) for axes in (1, 2, 3)},
    "adaptive_avg_pool1d": lambda _, given: adaptive("average", given["output_size"], 1),  # type: ignore[arg-type]
    "adaptive_avg_pool2d": lambda _, given: adaptive("average", given["output_size"], 2),  # type: ignore[arg-type]
    "adaptive_max_pool1d": lambda _, given: adaptive("max", given["output_size"], 1),  # type: ignore[arg-type]
    "adaptive_max_pool2d": lambda _, given: adaptive("max", given["output_size"], 2),  # type: ignore[arg-type]
    "softmax": _softmax("softmax"),
    "log_softmax": _softmax("log_softmax"),
    "gelu": _gelu,
    "leaky_relu": lambda _, given: (
        "leaky_relu",
        texts(activation="leaky_relu", negative_slope=given.get("negative_slope", 0.01)),
    ),
    "elu": lambda _, given: ("elu", texts(activation="elu", alpha=given.get("alpha", 1.0))),
    "hardswish": lambda *_: ("hard_silu", texts(activation="hard_silu")),
    "hardsigmoid": lambda *_: ("hard_sigmoid", texts(activation="hard_sigmoid")),
    "mean": _over_places("average"),
    "amax": _over_places("max"),
    "interpolate": lambda _, given: resized(
        given.get("size"),
        given.get("scale_factor"),
        str(given.get("mode", "nearest")),
        _is(given, "align_corners"),
    ),
    "layer_norm": lambda _, given: ("layer_norm", texts(epsilon=given.get("eps", 1e-5))),
    "dropout": lambda _, given: ("dropout", texts(rate=given.get("p", 0.5))),
    "flatten": lambda *_: ("flatten", {}),
    "scaled_dot_product_attention": _attention,
    "pad": _pad,
    "conv1d": lambda *_: ("conv1d", {}),
    "conv2d": lambda *_: ("conv2d", {}),
    "linear": lambda *_: ("dense", {}),
    "embedding": lambda *_: ("embedding", {}),
    "batch_norm": lambda *_: ("batch_norm", {}),
}
