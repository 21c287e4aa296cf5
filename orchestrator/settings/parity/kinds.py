"""The kinds of a parity table, each with the numbers that its cases have, by variant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twinrun.contract.enums import ActivationFunction, DecayForm, TargetKind

SAMPLES = 12  # that are trained on, in one batch
OUTPUTS = 3
CODES = 7
# A step of SGD at this rate changes weights by a quarter of the gradient: enough digits in float32.
STEP = {"learning_rate": 0.25, "sgd": {}}
STEPS = 6  # of what shows only over several

Layers = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sample is: its shape, whether it consists of codes, and what its target is.

    ``padded``: code 0 is the padding at its end.
    """

    shape: tuple[int, ...]
    codes: bool = False
    targets: TargetKind = TargetKind.NUMBERS
    padded: bool = False


FLAT, IMAGE, SEQUENCE = Sample((5,)), Sample((6, 5, 4)), Sample((5, 4))
TEXT = Sample((5,), codes=True)
_PADDED = Sample((5,), codes=True, padded=True)
_CLASS, _FLAGS = Sample((5,), targets=TargetKind.CLASS), Sample((5,), targets=TargetKind.FLAGS)
_TOKENS = Sample((5,), codes=True, targets=TargetKind.TOKENS)
_PIXELS = Sample((6, 5, 4), targets=TargetKind.TOKENS)
_NORMAL = {"normal": {"stddev": 0.5}}
FLATTEN: dict[str, Any] = {"flatten": {}}
TANH = {"activation": {"function": "ACTIVATION_FUNCTION_TANH"}}
TABLE = {"embedding": {"codes": CODES, "width": 4, "table_initializer": _NORMAL}}
_PADDED_TABLE = {"embedding": {**TABLE["embedding"], "padding": 0}}
_GIVEN = {"bias_initializer": _NORMAL}


def dense(units: int, **given: Any) -> dict[str, Any]:
    return {"dense": {"units": units, **_GIVEN, **given}}


def conv(filters: int, **given: Any) -> dict[str, Any]:
    return {"conv2d": {"filters": filters, **_GIVEN, **given}}


def _of(kind: str, **given: Any) -> Layers:
    return [{kind: given}]


def _of_padded(kind: str, end: str, **given: Any) -> tuple[Sample, Layers]:
    return _PADDED, [_PADDED_TABLE, {kind: given}, {end: {}}]


# By kind and variant: the sample, and the layers between one that has a gradient of their input,
# where there can be one, and one that makes the outputs.
LAYERS: Mapping[str, Mapping[str, tuple[Sample, Layers]]] = {
    "flatten": {"": (IMAGE, [FLATTEN])},
    "dense": {
        "": (FLAT, [dense(4)]),
        "no-bias": (FLAT, [dense(4, use_bias=False)]),
        "of-sequences": (SEQUENCE, [dense(4)]),
    },
    "custom_dense": {"": (FLAT, _of("custom_dense", units=4))},
    "conv2d": {
        "": (IMAGE, [conv(3)]),
        "stride-2-padding-1": (IMAGE, [conv(3, stride=2, padding=1)]),
        "same-stride-2": (IMAGE, [conv(3, stride=2, same=True)]),
        "2x3": (IMAGE, [conv(3, size_2d=[2, 3], stride_2d=[1, 2])]),
        "dilation-2": (IMAGE, [conv(3, size=2, dilation=2)]),
        "groups-2": (IMAGE, [conv(4, groups=2)]),
        "depthwise": (IMAGE, [conv(4, groups=4)]),
    },
    "conv1d": {
        "": (SEQUENCE, _of("conv1d", filters=3, **_GIVEN)),
        "same-stride-2": (SEQUENCE, _of("conv1d", filters=3, stride=2, same=True, **_GIVEN)),
        "zeros-before": (SEQUENCE, _of("conv1d", filters=3, padding_1d=[2, 0], **_GIVEN)),
        "dilation-2": (SEQUENCE, _of("conv1d", filters=3, size=2, dilation=2, **_GIVEN)),
        "groups-2": (SEQUENCE, _of("conv1d", filters=4, groups=2, **_GIVEN)),
    },
    "conv2d_transpose": {
        "": (IMAGE, _of("conv2d_transpose", filters=3, **_GIVEN)),
        "same-stride-2": (
            IMAGE,
            _of("conv2d_transpose", filters=3, stride=2, same=True, **_GIVEN),
        ),
    },
    "max_pool2d": {
        "": (IMAGE, _of("max_pool2d")),
        "3-stride-1": (IMAGE, _of("max_pool2d", size=3, stride=1)),
    },
    "average_pool2d": {
        "": (IMAGE, _of("average_pool2d")),
        "3-stride-1": (IMAGE, _of("average_pool2d", size=3, stride=1)),
    },
    "batch_norm": {
        "": (FLAT, _of("batch_norm")),
        "of-images": (IMAGE, _of("batch_norm")),
        "of-sequences": (SEQUENCE, _of("batch_norm")),
    },
    "dropout": {"": (FLAT, _of("dropout", rate=0.4))},
    "embedding": {"": (TEXT, [TABLE])},
    "residual": {
        "": (FLAT, _of("residual", layers=[dense(6), TANH])),
        "shortcut": (FLAT, _of("residual", layers=[dense(4), TANH], shortcut=[dense(4)])),
    },
    "concat": {"": (FLAT, _of("concat", branches=[{"layers": [dense(3)]}, {}]))},
    "repeat": {"": (FLAT, _of("repeat", times=2, layers=[dense(6), TANH]))},
    "layer_norm": {
        "": (FLAT, _of("layer_norm")),
        "of-sequences": (SEQUENCE, _of("layer_norm")),
    },
    "rms_norm": {"": (FLAT, _of("rms_norm")), "of-sequences": (SEQUENCE, _of("rms_norm"))},
    "group_norm": {"": (IMAGE, _of("group_norm", groups=2))},
    "global_average_pool2d": {"": (IMAGE, _of("global_average_pool2d"))},
    "global_max_pool2d": {"": (IMAGE, _of("global_max_pool2d"))},
    "zero_padding2d": {"": (IMAGE, _of("zero_padding2d", padding_2d=[0, 1, 2, 0]))},
    "up_sampling2d": {
        "nearest": (IMAGE, _of("up_sampling2d")),
        "bilinear": (IMAGE, _of("up_sampling2d", interpolation="INTERPOLATION_BILINEAR")),
    },
    "spatial_dropout2d": {"": (IMAGE, _of("spatial_dropout2d", rate=0.4))},
    "lstm": {
        "": (SEQUENCE, _of("lstm", units=4, **_GIVEN)),
        "padding": _of_padded("lstm", "last_step", units=4, **_GIVEN),
    },
    "gru": {
        "": (SEQUENCE, _of("gru", units=4, **_GIVEN)),
        "reset-before": (SEQUENCE, _of("gru", units=4, reset_after=False, **_GIVEN)),
    },
    "bidirectional": {
        "lstm": (SEQUENCE, _of("bidirectional", lstm={"units": 3, **_GIVEN})),
        "gru": (SEQUENCE, _of("bidirectional", gru={"units": 3, **_GIVEN})),
        "padding": _of_padded("bidirectional", "global_average_pool1d", gru={"units": 3, **_GIVEN}),
    },
    "global_average_pool1d": {"": (SEQUENCE, _of("global_average_pool1d"))},
    "global_max_pool1d": {"": (SEQUENCE, _of("global_max_pool1d"))},
    "sinusoidal_positions": {"": (SEQUENCE, _of("sinusoidal_positions"))},
    "to_sequence": {"": (IMAGE, _of("to_sequence"))},
    "last_step": {"": (SEQUENCE, _of("last_step"))},
    "position_embedding": {"": (SEQUENCE, _of("position_embedding", table_initializer=_NORMAL))},
    "multi_head_attention": {
        "": (SEQUENCE, _of("multi_head_attention", heads=2, **_GIVEN)),
        "causal": (SEQUENCE, _of("multi_head_attention", heads=2, causal=True, **_GIVEN)),
        "no-bias": (SEQUENCE, _of("multi_head_attention", heads=2, use_bias=False)),
        "dropout": (SEQUENCE, _of("multi_head_attention", heads=2, dropout=0.4, **_GIVEN)),
        "padding": _of_padded("multi_head_attention", "global_max_pool1d", heads=2, **_GIVEN),
    },
}
SLOPES = {ActivationFunction.LEAKY_RELU: {"slope": 0.2}}
LOSSES: Mapping[str, Mapping[str, tuple[Sample, Mapping[str, Any]]]] = {
    "softmax_cross_entropy": {
        "": (_CLASS, {}),
        "smoothing": (_CLASS, {"label_smoothing": 0.1}),
        "class-weights": (_CLASS, {"class_weights": [1, 2, 4]}),
        "weights-by-samples": (
            _CLASS,
            {
                "class_weights": [1, 2, 4],
                "class_weights_divisor": "CLASS_WEIGHTS_DIVISOR_SAMPLES",
            },
        ),
    },
    "sigmoid_cross_entropy": {
        "": (_FLAGS, {}),
        "positive-weight": (_FLAGS, {"positive_weight": 2.5}),
    },
    "mean_squared_error": {"": (FLAT, {})},
    "mean_absolute_error": {"": (FLAT, {})},
    "huber": {"": (FLAT, {}), "delta-0.5": (FLAT, {"delta": 0.5})},
    "next_token_cross_entropy": {"": (_TOKENS, {}), "ignored": (_TOKENS, {"ignored": 1})},
    "pixel_cross_entropy": {"": (_PIXELS, {}), "ignored": (_PIXELS, {"ignored": 1})},
}
OPTIMIZERS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "sgd": {"": {}, "momentum": {"momentum": 0.9}, "Nesterov": {"momentum": 0.9, "nesterov": True}},
    "adam": {"": {}, "AMSGrad": {"amsgrad": True}},
    "adamw": {"": {}, "AMSGrad": {"amsgrad": True}},
    "rmsprop": {
        "": {},
        "momentum": {"momentum": 0.9},
        "centered": {"centered": True},
        "epsilon-inside": {"epsilon_place": "EPSILON_PLACE_INSIDE"},
    },
    "adagrad": {"": {}, "initial-accumulator": {"initial_accumulator": 0.1}},
    "adamax": {"": {}},
}
SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "constant": {},
    "cosine": {"steps": STEPS},
    "step": {"every": 2},
    "exponential": {"steps": STEPS},
    "polynomial": {"steps": STEPS},
    "one_cycle": {"steps": STEPS},
    "cosine_restarts": {"steps": 3},
}
CLIPS = {"value": 0.1, "norm": 0.3, "global_norm": 0.5}  # all below what the gradients are
FACTORS = {DecayForm.COUPLED: 0.1, DecayForm.DECOUPLED_TIMES_RATE: 0.1, DecayForm.DECOUPLED: 0.01}
