"""The layers of the jobs of `matrix`."""

from typing import Any

Mapping = dict[str, Any]

RELU, TANH, SIGMOID, GELU, SOFTMAX = (
    {"activation": {"function": f"ACTIVATION_FUNCTION_{name}"}}
    for name in ("RELU", "TANH", "SIGMOID", "GELU", "SOFTMAX")
)
ELU, SELU, SILU, SOFTPLUS, GELU_TANH = (
    {"activation": {"function": f"ACTIVATION_FUNCTION_{name}"}}
    for name in ("ELU", "SELU", "SILU", "SOFTPLUS", "GELU_TANH")
)
LEAKY = {"activation": {"function": "ACTIVATION_FUNCTION_LEAKY_RELU", "slope": 0.2}}
FLATTEN: Mapping = {"flatten": {}}
NORMAL = {"normal": {"stddev": 0.3}}


def dense(units: int, **given: Any) -> Mapping:
    return {"dense": {"units": units, "bias_initializer": NORMAL, **given}}


def conv(filters: int, **given: Any) -> Mapping:
    return {"conv2d": {"filters": filters, "bias_initializer": NORMAL, **given}}


def custom(units: int) -> Mapping:
    return {"custom_dense": {"units": units, "stddev": 0.4}}


PLAIN = [FLATTEN, dense(5), RELU, dense(3)]
ACTIVATED = [FLATTEN, dense(7), TANH, dense(6), SIGMOID, dense(5), GELU, custom(3), SOFTMAX]
# So large that a softplus shows its threshold.
LARGE = {"kernel_initializer": {"normal": {"stddev": 12}}}
CURVED = [
    *(FLATTEN, dense(12, **LARGE), SOFTPLUS, dense(6), LEAKY, dense(5), ELU, dense(6), SELU),
    *(dense(5), SILU, dense(6), GELU_TANH, dense(5), SOFTMAX, dense(3)),
]
# Windows that overlap, leave pixels out, and reach beyond the edge.
WINDOWED = [
    conv(3, size=3, padding=1),
    RELU,
    {"max_pool2d": {"size": 2, "stride": 1}},
    conv(4, size=2, stride=2, padding=1, use_bias=False),
    TANH,
    {"average_pool2d": {"size": 2, "stride": 1}},
    conv(2, size=2),
    FLATTEN,
    custom(4),
    GELU,
    dense(3, use_bias=False),
]
# What TensorFlow's own padding gives, and what only looks like it: by the stride, and by the size.
PADDED = [
    conv(2, size=3),
    TANH,
    conv(3, size=3, stride=2, padding=1),
    TANH,
    conv(2, size=1, padding=1),
    conv(3, size=4, padding=1),
    FLATTEN,
    dense(3),
]
# Odd zeros after; other zeros on each side; a dilation; groups, one of them for each channel.
RECTANGULAR = [
    conv(4, size_2d=[2, 3], stride_2d=[1, 2], same=True),
    TANH,
    conv(6, size=2, padding_2d=[0, 1], groups=2),
    TANH,
    conv(6, size_2d=[2, 1], padding_2d=[2, 1, 0, 1], dilation=2, groups=6),
    TANH,
    conv(6, size=2, stride_2d=[2, 1], padding=1, groups=6),
    FLATTEN,
    dense(3),
]
# Cut off on each side, an odd one after, and beyond the kernel.
SPREAD = [
    {"conv2d_transpose": {"filters": 4, "stride": 2, "same": True, "bias_initializer": NORMAL}},
    TANH,
    conv(3, size=3, stride=2),
    {"conv2d_transpose": {"filters": 3, "stride": 2, "padding": 1, "output_padding": 1}},
    TANH,
    conv(2, size=2, stride=2),
    {"conv2d_transpose": {"filters": 3, "size": 2, "stride_2d": [3, 2], "use_bias": False}},
    FLATTEN,
    dense(3),
]
# An image of classes.
SMALLER = [
    conv(4, stride=2, padding=1),
    TANH,
    {"conv2d_transpose": {"filters": 3, "size": 2, "stride": 2}},
]
BILINEAR = {"up_sampling2d": {"factor": 3, "interpolation": "INTERPOLATION_BILINEAR"}}
SCALED = [
    {"zero_padding2d": {"padding_2d": [0, 1, 2, 0]}},
    conv(4, size=2, stride=2),
    TANH,
    BILINEAR,
    conv(3, size=3, stride=2),
    {"up_sampling2d": {}},
    conv(5, size=2, stride=3),
    {"global_average_pool2d": {}},
    dense(3),
]
PEAKS = [conv(5, size=2), TANH, {"zero_padding2d": {}}, {"global_max_pool2d": {}}, dense(3)]
# Windows side by side, which leave a row or a column out.
POOLED = [conv(3, size=2), RELU, {"max_pool2d": {}}, FLATTEN, dense(3)]
# After images, after a flatten and after a dense layer. No bias stands before one.
NORMALISED = [
    conv(3, size=2, use_bias=False),
    {"batch_norm": {"momentum": 0.7, "epsilon": 1e-3}},
    TANH,
    FLATTEN,
    dense(6, use_bias=False),
    {"batch_norm": {"momentum": 0.6, "epsilon": 0.02}},
    SIGMOID,
    dense(3),
]
NORMED = [
    conv(6, size=2),
    {"group_norm": {"groups": 3, "epsilon": 0.02}},
    *(TANH, FLATTEN, dense(7)),
    {"layer_norm": {"epsilon": 0.01}},
    *(TANH, dense(6)),
    {"rms_norm": {"epsilon": 0.03}},
    dense(3),
]
# What only shifts the input of a batch norm has no gradient but rounding, and Adam enlarges that.
ENLARGED = [
    conv(3, size=2),
    {"batch_norm": {"momentum": 0.7}},
    RELU,
    FLATTEN,
    dense(6),
    {"batch_norm": {"momentum": 0.6}},
    TANH,
    dense(3),
]
DROPPED = [
    {"dropout": {"rate": 0.2}},
    conv(3, size=2),
    RELU,
    {"spatial_dropout2d": {"rate": 0.3}},
    {"dropout": {"rate": 0.4}},
    FLATTEN,
    dense(8),
    TANH,
    {"dropout": {"rate": 0.6}},
    dense(3),
]
# Images and what is flat; the second branch is the input itself, and so is the second shortcut.
NESTED = [
    {
        "residual": {
            "layers": [
                conv(3, padding=1, use_bias=False),
                NORMALISED[1],
                {"dropout": {"rate": 0.2}},
            ],
            "shortcut": [conv(3, size=1)],
        }
    },
    {"concat": {"branches": [{"layers": [conv(2, padding=1), RELU]}, {}]}},
    {"repeat": {"times": 2, "layers": [{"residual": {"layers": [conv(5, padding=1), TANH]}}]}},
    FLATTEN,
    {"concat": {"branches": [{"layers": [dense(4), SIGMOID]}, {"layers": [dense(3)]}]}},
    dense(3),
]
ALL = [*NORMALISED[:3], {"dropout": {"rate": 0.3}}, *WINDOWED[2:4], RELU, FLATTEN, custom(5), TANH]
ALL += [dense(3)]

# All that leaves padded steps out, which are anywhere among the codes.
_BIASED: Mapping = {"bias_initializer": NORMAL}
_ENDS = ("last_step", "global_average_pool1d", "global_max_pool1d")
LEFT_OUT = [
    {"embedding": {"codes": 6, "width": 4, "table_initializer": NORMAL, "padding": 2}},
    {"multi_head_attention": {"heads": 2, **_BIASED}},
    {"lstm": {"units": 3, **_BIASED}},
    {"bidirectional": {"gru": {"units": 2, **_BIASED}}},
    {"concat": {"branches": [{"layers": [{end: {}}]} for end in _ENDS]}},
    dense(3),
]
ROUNDED = [conv(8, size=3), RELU, {"to_sequence": {}}]
ROUNDED += [{"position_embedding": {"table_initializer": NORMAL}}]
ROUNDED += [{"multi_head_attention": {"heads": 2}}, FLATTEN, dense(32), TANH, dense(3)]
