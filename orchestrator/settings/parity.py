"""The cases of a parity table: each kind of the job spec by itself, in a model as small as can be.

Every case is a job of one batch of all samples: there the order of samples is only rounding.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from google.protobuf import json_format
from twinrun.contract.enums import ActivationFunction, DecayForm, TargetKind
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_NO_KIND = Phrase("There is no {names} to be compared; choose from {known}.")
SAMPLES = 12  # that are trained on, in one batch
OUTPUTS = 3
CODES = 7
# A step of SGD at this rate changes weights by a quarter of the gradient: enough digits in float32.
_STEP = {"learning_rate": 0.25, "sgd": {}}
_STEPS = 6  # of what shows only over several

Layers = list[dict[str, Any]]


class Group(StrEnum):
    LAYERS = "layers"
    ACTIVATIONS = "activations"
    LOSSES = "losses"
    OPTIMIZERS = "optimizers"
    SCHEDULES = "schedules"
    CLIPPING = "clipping"
    DECAY = "decay"


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sample is: its shape, whether it consists of codes, and what its target is."""

    shape: tuple[int, ...]
    codes: bool = False
    targets: TargetKind = TargetKind.NUMBERS


@dataclass(frozen=True, slots=True)
class Case:
    """``kind``: as the spec names it; ``variant``: which of several cases of it, or empty.

    ``job``: in proto's JSON mapping, without its dataset.
    """

    group: Group
    kind: str
    variant: str
    sample: Sample
    job: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.variant}" if self.variant else self.kind

    def spec(self) -> job_pb2.JobSpec:
        """Return the job without its dataset."""
        return json_format.ParseDict(dict(self.job), job_pb2.JobSpec())


_FLAT, _IMAGE, _SEQUENCE = Sample((5,)), Sample((6, 5, 4)), Sample((5, 4))
_TEXT = Sample((5,), codes=True)
_NORMAL = {"normal": {"stddev": 0.5}}
_FLATTEN: dict[str, Any] = {"flatten": {}}
_TANH = {"activation": {"function": "ACTIVATION_FUNCTION_TANH"}}
_TABLE = {"embedding": {"codes": CODES, "width": 4, "table_initializer": _NORMAL}}
_GIVEN = {"bias_initializer": _NORMAL}


def _dense(units: int, **given: Any) -> dict[str, Any]:
    return {"dense": {"units": units, **_GIVEN, **given}}


def _conv(filters: int, **given: Any) -> dict[str, Any]:
    return {"conv2d": {"filters": filters, **_GIVEN, **given}}


def _of(kind: str, **given: Any) -> Layers:
    return [{kind: given}]


# By kind and variant: the sample, and the layers between one that has a gradient of their input,
# where there can be one, and one that makes the outputs.
_LAYERS: Mapping[str, Mapping[str, tuple[Sample, Layers]]] = {
    "flatten": {"": (_IMAGE, [_FLATTEN])},
    "dense": {
        "": (_FLAT, [_dense(4)]),
        "no-bias": (_FLAT, [_dense(4, use_bias=False)]),
        "of-sequences": (_SEQUENCE, [_dense(4)]),
    },
    "custom_dense": {"": (_FLAT, _of("custom_dense", units=4))},
    "conv2d": {
        "": (_IMAGE, [_conv(3)]),
        "stride-2-padding-1": (_IMAGE, [_conv(3, stride=2, padding=1)]),
        "same-stride-2": (_IMAGE, [_conv(3, stride=2, same=True)]),
        "2x3": (_IMAGE, [_conv(3, size_2d=[2, 3], stride_2d=[1, 2])]),
        "dilation-2": (_IMAGE, [_conv(3, size=2, dilation=2)]),
        "groups-2": (_IMAGE, [_conv(4, groups=2)]),
        "depthwise": (_IMAGE, [_conv(4, groups=4)]),
    },
    "conv1d": {
        "": (_SEQUENCE, _of("conv1d", filters=3, **_GIVEN)),
        "same-stride-2": (_SEQUENCE, _of("conv1d", filters=3, stride=2, same=True, **_GIVEN)),
        "zeros-before": (_SEQUENCE, _of("conv1d", filters=3, padding_1d=[2, 0], **_GIVEN)),
    },
    "max_pool2d": {
        "": (_IMAGE, _of("max_pool2d")),
        "3-stride-1": (_IMAGE, _of("max_pool2d", size=3, stride=1)),
    },
    "average_pool2d": {
        "": (_IMAGE, _of("average_pool2d")),
        "3-stride-1": (_IMAGE, _of("average_pool2d", size=3, stride=1)),
    },
    "batch_norm": {
        "": (_FLAT, _of("batch_norm")),
        "of-images": (_IMAGE, _of("batch_norm")),
        "of-sequences": (_SEQUENCE, _of("batch_norm")),
    },
    "dropout": {"": (_FLAT, _of("dropout", rate=0.4))},
    "embedding": {"": (_TEXT, [_TABLE])},
    "residual": {
        "": (_FLAT, _of("residual", layers=[_dense(6), _TANH])),
        "shortcut": (_FLAT, _of("residual", layers=[_dense(4), _TANH], shortcut=[_dense(4)])),
    },
    "concat": {"": (_FLAT, _of("concat", branches=[{"layers": [_dense(3)]}, {}]))},
    "repeat": {"": (_FLAT, _of("repeat", times=2, layers=[_dense(6), _TANH]))},
    "layer_norm": {
        "": (_FLAT, _of("layer_norm")),
        "of-sequences": (_SEQUENCE, _of("layer_norm")),
    },
    "rms_norm": {"": (_FLAT, _of("rms_norm")), "of-sequences": (_SEQUENCE, _of("rms_norm"))},
    "group_norm": {"": (_IMAGE, _of("group_norm", groups=2))},
    "global_average_pool2d": {"": (_IMAGE, _of("global_average_pool2d"))},
    "global_max_pool2d": {"": (_IMAGE, _of("global_max_pool2d"))},
    "zero_padding2d": {"": (_IMAGE, _of("zero_padding2d", padding_2d=[0, 1, 2, 0]))},
    "up_sampling2d": {
        "nearest": (_IMAGE, _of("up_sampling2d")),
        "bilinear": (_IMAGE, _of("up_sampling2d", interpolation="INTERPOLATION_BILINEAR")),
    },
    "spatial_dropout2d": {"": (_IMAGE, _of("spatial_dropout2d", rate=0.4))},
    "lstm": {"": (_SEQUENCE, _of("lstm", units=4, **_GIVEN))},
    "last_step": {"": (_SEQUENCE, _of("last_step"))},
    "position_embedding": {"": (_SEQUENCE, _of("position_embedding", table_initializer=_NORMAL))},
    "multi_head_attention": {
        "": (_SEQUENCE, _of("multi_head_attention", heads=2, **_GIVEN)),
        "causal": (_SEQUENCE, _of("multi_head_attention", heads=2, causal=True, **_GIVEN)),
        "no-bias": (_SEQUENCE, _of("multi_head_attention", heads=2, use_bias=False)),
    },
}
_SLOPES = {ActivationFunction.LEAKY_RELU: {"slope": 0.2}}
_LOSSES: Mapping[str, Mapping[str, tuple[TargetKind, Mapping[str, Any]]]] = {
    "softmax_cross_entropy": {
        "": (TargetKind.CLASS, {}),
        "smoothing": (TargetKind.CLASS, {"label_smoothing": 0.1}),
        "class-weights": (TargetKind.CLASS, {"class_weights": [1, 2, 4]}),
    },
    "sigmoid_cross_entropy": {
        "": (TargetKind.FLAGS, {}),
        "positive-weight": (TargetKind.FLAGS, {"positive_weight": 2.5}),
    },
    "mean_squared_error": {"": (TargetKind.NUMBERS, {})},
    "mean_absolute_error": {"": (TargetKind.NUMBERS, {})},
    "huber": {"": (TargetKind.NUMBERS, {}), "delta-0.5": (TargetKind.NUMBERS, {"delta": 0.5})},
    "next_token_cross_entropy": {"": (TargetKind.TOKENS, {})},
}
_OPTIMIZERS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
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
_SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "constant": {},
    "cosine": {"steps": _STEPS},
    "step": {"every": 2},
    "exponential": {"steps": _STEPS},
    "polynomial": {"steps": _STEPS},
    "one_cycle": {"steps": _STEPS},
    "cosine_restarts": {"steps": 3},
}
_CLIPS = {"value": 0.1, "norm": 0.3, "global_norm": 0.5}  # all below what the gradients are
_FACTORS = {DecayForm.COUPLED: 0.1, DecayForm.DECOUPLED_TIMES_RATE: 0.1, DecayForm.DECOUPLED: 0.01}


def cases(only: Sequence[str] = ()) -> list[Case]:
    """Return all cases, or those of the kinds and groups that ``only`` names. Raises BadInput."""
    every = list(_cases())
    known = dict.fromkeys([*Group, *(case.kind for case in every)])
    if unknown := [name for name in only if name not in known]:
        raise BadInput(english(_NO_KIND, names=", ".join(unknown), known=", ".join(known)))
    return [case for case in every if not only or {case.group.value, case.kind} & set(only)]


def _cases() -> Iterator[Case]:
    for kind, variants in _LAYERS.items():
        for variant, (sample, layers) in variants.items():
            yield _case(Group.LAYERS, kind, variant, sample, _around(sample, layers))
    for function in ActivationFunction:
        given = {"function": f"ACTIVATION_FUNCTION_{function.name}", **_SLOPES.get(function, {})}
        wide = _dense(6, kernel_initializer={"normal": {"stddev": 2}})
        layers = [wide, {"activation": given}, _dense(OUTPUTS)]
        yield _case(Group.ACTIVATIONS, function.value, "", _FLAT, layers)
    for kind, of_loss in _LOSSES.items():
        for variant, (targets, loss) in of_loss.items():
            of_text = targets is TargetKind.TOKENS
            sample = Sample(_FLAT.shape, of_text, targets)
            layers = [_TABLE, _dense(CODES)] if of_text else _small()
            yield _case(Group.LOSSES, kind, variant, sample, layers, loss={kind: loss})
    yield from _of_training()


def _of_training() -> Iterator[Case]:
    """Yield the cases that show over several steps."""
    for kind, variants in _OPTIMIZERS.items():
        for variant, given in variants.items():
            yield _steps(Group.OPTIMIZERS, kind, variant, learning_rate=0.02, **{kind: given})
    momentum: dict[str, Any] = {"learning_rate": 0.1, "sgd": {"momentum": 0.9}}
    for kind, given in _SCHEDULES.items():
        yield _steps(Group.SCHEDULES, kind, "", **momentum, schedule={kind: given})
    yield _steps(
        *(Group.SCHEDULES, "constant", "warm-up"),
        **momentum,
        schedule={"constant": {}, "warmup_steps": 4},
    )
    for kind, limit in _CLIPS.items():
        yield _steps(Group.CLIPPING, kind, "", **momentum, clip={kind: {"limit": limit}})
    for form, factor in _FACTORS.items():
        decay = {"factor": factor, "form": f"DECAY_FORM_{form.name}"}
        yield _steps(Group.DECAY, form.value, "", **momentum, weight_decay=decay)


def _small() -> Layers:
    return [_dense(6), _TANH, _dense(OUTPUTS)]


def _steps(group: Group, kind: str, variant: str, **optimizer: Any) -> Case:
    return _case(group, kind, variant, _FLAT, _small(), optimizer=optimizer, epochs=_STEPS)


def _around(sample: Sample, layers: Layers) -> Layers:
    if sample.codes:
        return [*layers, _FLATTEN, _dense(OUTPUTS)]
    if len(sample.shape) == 1:
        return [_dense(6), *layers, _dense(OUTPUTS)]
    first = _dense(4) if len(sample.shape) == 2 else _conv(4, size=1)
    return [first, *layers, _FLATTEN, _dense(OUTPUTS)]


def _case(
    group: Group, kind: str, variant: str, sample: Sample, layers: Layers, **given: Any
) -> Case:
    job = {
        "layers": layers,
        "loss": {"mean_squared_error": {}},
        "optimizer": _STEP,
        "epochs": 1,
        "batch_size": SAMPLES,
        "threads": 1,
        "seed": 3,
        **given,
    }
    return Case(group, kind, variant, sample, job)
