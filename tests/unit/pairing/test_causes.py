"""Why two models part: each cause is planted, and named; nothing else is."""

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.language.phrases import say, speaking
from orchestrator.pairing.causes.catalog import CAUSES, explained
from orchestrator.pairing.locate import Place, locate
from tests.builders import two_sided
from tests.builders.ported import MODELS
from tests.builders.two_sided import Training, both
from tests.builders.written import WRITTEN

EXACT = 1e-9

# The model, the fault of the second side, the layer, the cause, what would have to be.
PLANTED = [
    ("mlp", {"activation": "relu"}, "r", "other_activation", "`r` were relu"),
    ("mlp", {"activation": "gelu"}, "r", "other_activation", "`r` were gelu"),
    ("mlp", {"bias": False}, "b", "missing_bias", "PyTorch's `b` had no bias"),
    ("mlp", {"turned": True}, "b", "transposed_kernel", "kernel of `b` were transposed"),
    ("mlp", {"missing": True}, "c", "missing_activation", "PyTorch's `s` after `b`"),
    ("lenet", {"padding": (0, 2)}, "c1", "padding_side", "PyTorch's padding of `c1` were 0:2,0:2"),
    ("lenet", {"stride": 2}, "c1", "stride", "stride of `c1` were 2,2"),
    ("lenet", {"dilation": 2}, "c1", "dilation", "dilation of `c1` were 2,2"),
    ("lenet", {"stride": 2, "padding": (0, 1)}, "c1", "several_settings", "the settings padding"),
    ("leaky", {"slope": 0.3}, "r", "negative_slope", "negative_slope of `r` were 0.3"),
    ("resized", {"corners": True}, "u", "interpolation_corners", "corners of `u` were True"),
    ("tied", {"tie": True}, "b", "tied_weights", "tied `b.kernel` to `a.kernel`"),
    ("lenet", {"order": (0, 3, 1, 2)}, "d", "flatten_order", "in the order"),
    ("lenet", {"order": (0, 2, 1, 3)}, "f", "flatten_order", "in the order 1, 0, 2"),
    ("lenet", {"activation": "tanh"}, "c1", "missing_activation", "followed by tanh"),
    (
        "resnet",
        {"epsilon": 1e-5},
        "1m",
        "batch_norm_epsilon",
        "PyTorch's epsilon of `1m` were 1e-05",
    ),
    ("resnet", {"epsilon": 1e-5, "told": False}, "1m", "batch_norm_epsilon", "were 1e-05"),
    ("resnet", {"evaluating": True}, "1m", "eval_mode", "as TensorFlow's is"),
    ("transformer", {"epsilon": 1e-6}, "1n", "layer_norm_epsilon", "epsilon of `1n` were 1e-06"),
    ("transformer", {"causal": True}, "1t", "attention_mask", "causal of `1t` were True"),
    ("transformer", {"scale": 1.0}, "1t", "head_scaling", "scale of `1t` were 1.0"),
    ("transformer", {"scale": 0.125}, "1t", "head_scaling", "scale of `1t` were 0.125"),
    ("transformer", {"gelu": "gelu_tanh"}, "1g", "gelu_form", "`1g` were gelu_tanh"),
    ("gru", {"order": (1, 0, 2)}, "r", "gate_order", "gates of `r` were in the order r, z, h"),
    ("gru", {"reset_after": False}, "r", "second_gru_bias", "reset_after of `r` were False"),
    ("lstm", {"order": (0, 1, 3, 2)}, "r", "gate_order", "in the order i, f, o, g"),
    ("dropped", {"rate": 0.8}, "drop", "dropout_rate", "dropped 0.8 of the values, not 0.2"),
    ("dropped", {"scaled": False}, "drop", "dropout_scale", "multiplied what it keeps by 1"),
    ("dropped", {"off": True}, "drop", "dropout_off", "let everything through"),
    ("pooled", {"value": np.nan}, "p", "pooling_padding", "padding of `p` were 1:1,1:1 (nan)"),
    ("pooled", {"kind": "max"}, "p", "other_kind", "`p` were max_pool2d"),
    ("pooled", {"padding": (0, 2)}, "p", "pooling_padding", "padding of `p` were 0:2,0:2 (0.0)"),
    ("ended", {"twice": True}, None, "softmax_twice", "took the softmax of its output"),
    ("ended", {"order": [2, 0, 1]}, None, "label_order", "outputs were in the order 2, 0, 1"),
    ("scaled", {"change": lambda x: x * 0.37}, "c", "input_scale", "multiplied by 0.37"),
    ("scaled", {"change": lambda x: x * 255}, "c", "input_scale", "multiplied by 255"),
    ("scaled", {"change": lambda x: 2 * x - 1}, "c", "input_scale", "from 0 to 1 to -1 to 1"),
    ("scaled", {"change": lambda x: x[..., ::-1]}, "c", "channel_order", "channels in reverse"),
    ("scaled", {"change": lambda x: x.swapaxes(1, 2)}, "c", "image_axes", "rows and columns"),
    ("resnet", {"momentum": 0.9}, "1m", "batch_norm_momentum", "PyTorch kept 0.9 of"),
    ("resnet", {"momentum": 0.01, "told": False}, "1m", "batch_norm_momentum", "kept 0.01 of"),
    ("resnet", {"unbiased": True}, "1m", "running_variance", "by 215, not 216"),
]
# What no layer shows: the fault of the second side, the cause, what would have to be.
HIDDEN = [
    ("attention", {"scale": 8**-0.5}, "head_scaling", "scale of the scores 0.353553, not 0.5"),
    ("attention", {"mask": "none"}, "attention_mask", "no mask, not a causal mask"),
    ("attention", {"mask": "ahead"}, "attention_mask", "lets each look one ahead"),
    ("queried", {"scale": 1.0}, "head_scaling", "scale of the scores 1, not 0.5"),
    ("highway", {"turned": True}, "gate_order", "the gate, then what is let through, not"),
    ("highway", {"activation": "tanh"}, "other_activation", "the activation tanh, not relu"),
    ("cell", {"order": "zrn"}, "gate_order", "in the order z, r, n, not r, z, n"),
    ("cell", {"kept": False}, "gate_order", "(1 - z) * h + z * n"),
    ("cell", {"again": False}, "second_gru_bias", "the second bias within the reset"),
    ("steps", {"order": "igfo"}, "gate_order", "in the order i, g, f, o, not i, f, g, o"),
    ("function", {"name": "gelu_tanh"}, "gelu_form", "the activation gelu_tanh, not gelu"),
    ("function", {"name": "tanh"}, "other_activation", "the activation tanh, not gelu"),
    ("function", {"name": ""}, "missing_activation", "the activation linear, not gelu"),
    ("sequence", {"order": (2, 0, 1)}, "flatten_order", "channels, rows, columns"),
    ("bordered", {"before": 0}, "padding_side", "padding of `p` were 0:2,0:2,0:0"),
    ("fused", {"apart": True, "activation": "tanh"}, "other_activation", "`a` were tanh"),
    ("fused", {"change": lambda x: x / 100}, "input_scale", "multiplied by 0.01"),
    ("fused", {"apart": True, "change": lambda x: x * 2}, "input_scale", "multiplied by 2"),
    ("scaled", {"change": lambda x: (x - 0.5) / 0.2}, "input_scale", "by 5 and moved by -2.5"),
    ("reused", {"cut": True}, "tied_weights", "of its use in `head` reach `e.table`"),
]
# The optimizer of the first side, what the second's has otherwise, the cause.
STEPS = [
    ({}, {"shift": 1}, "label_order", "labels were moved by 1"),
    ({}, {"loss": "sum"}, "loss_reduction", "the sum over a batch of 6"),
    ({}, {"scale": 3.0}, "loss_reduction", "3 times as large"),
    ({}, {"penalty": 0.01}, "weight_decay_form", "adds to it: 0.01 times the squares of `"),
    ({}, {"clip": 0.1}, "gradient_clipping", "to a norm of 0.1"),
    ({}, {"clip_value": 0.02}, "value_clipping", "to 0.02"),
    ({}, {"optimizer": "nesterov"}, "nesterov", "with a momentum of 0.9"),
    ({}, {"decay": 0.01}, "weight_decay", "0.001 of each weight"),
    ({}, {"rate": 0.03}, "learning_rate", "0.3 times as large"),
    ({"optimizer": "adam"}, {"epsilon": 1e-3}, "adam_epsilon", "were 0.001, not 1e-07"),
    ({"optimizer": "adam"}, {"epsilon_inside": True}, "epsilon_place", "before the second moment"),
    ({"optimizer": "adam"}, {"decay": 0.01}, "weight_decay", "0.01 of each weight to its gradient"),
    (
        {"optimizer": "adam", "decay": 0.01},
        {"decoupled": True},
        "weight_decay_form",
        "its decay of 0.01 from the weights",
    ),
]


def why(name, fault=None, trainings=(None, None), **rest):
    build, data = (MODELS | WRITTEN)[name]
    pairing, one, other = both(build(), build(**fault or {}), data(), trainings, **rest)
    found = locate(pairing, one, other, EXACT)
    return pairing, found, explained(pairing, found, one, other)


@pytest.mark.parametrize(("name", "fault", "layer", "cause", "words"), PLANTED)
def test_a_planted_fault_is_named_at_its_layer(name, fault, layer, cause, words):
    pairing, found, whys = why(name, fault)
    if found.layer is not None:
        assert pairing.first.layers[found.layer.first].path == layer
    elif found.tensor is not None:
        assert found.tensor.first.layer == layer
    assert whys, "nothing is named"
    assert whys[0].key == cause
    assert words in whys[0].change
    assert whys[0].after < 1e-12 < whys[0].before
    if found.place is Place.UPDATE:
        assert not {each.key for each in whys} & {"adam_epsilon", "weight_decay_form"}


@pytest.mark.parametrize(("name", "fault", "cause", "words"), HIDDEN)
def test_what_no_layer_shows_is_named(name, fault, cause, words):
    _, _, whys = why(name, fault)
    assert whys, "nothing is named"
    assert whys[0].key == cause
    assert words in whys[0].change
    assert whys[0].after < 1e-9


@pytest.mark.parametrize(("training", "change", "cause", "words"), STEPS)
@pytest.mark.parametrize("name", ["mlp", "resnet"])
def test_a_step_that_goes_otherwise_is_named(name, training, change, cause, words):
    before = Training(**training)
    _, _, whys = why(name, trainings=(before, two_sided.changed(before, **change)))
    assert whys
    assert whys[0].key == cause
    assert words in whys[0].change


@pytest.mark.parametrize(
    ("change", "cause", "words"),
    [
        (lambda g: np.clip(g, -1e-3, 1e-3), "value_clipping", "gradient of `b.kernel` to 0.001"),
        (lambda g: g * 0.3, "gradient_clipping", "scaled the gradient of `b.kernel` to a norm of"),
    ],
)
def test_one_gradient_that_is_clipped_is_named(change, cause, words):
    build, data = MODELS["mlp"]
    pairing, one, other = both(build(), build(), data())
    other["gradient/b.kernel"] = change(other["gradient/b.kernel"])
    found = locate(pairing, one, other, EXACT)
    assert found.place is Place.GRADIENT
    first, *_ = explained(pairing, found, one, other)
    assert first.key == cause
    assert words in first.change


def test_the_gradient_of_what_one_side_ties_is_the_sum_of_the_others():
    build, data = MODELS["tied"]
    pairing, one, other = both(build(tie=True), build(), data())
    found = locate(pairing, one, other, EXACT)
    assert found.place is Place.GRADIENT
    first, *_ = explained(pairing, found, one, other)
    assert first.key == "tied_weights"
    assert "TensorFlow tied `" in first.change


@pytest.mark.parametrize("name", ["resnet", "transformer"])
def test_an_epsilon_is_named_even_if_what_goes_into_the_norm_is_not_traced(name):
    build, data = MODELS[name]
    pairing, one, other = both(build(), build(epsilon=1e-5), data())
    found = locate(pairing, one, other, EXACT)
    last = found.layer.first
    for arrays in (one, other):
        for index in range(last):
            arrays.pop(f"output/{index}")
    first, *_ = explained(pairing, found, one, other)
    assert first.key in {"batch_norm_epsilon", "layer_norm_epsilon"}
    assert "were 1e-05" in first.change


def test_a_setting_that_is_told_otherwise_and_changes_nothing_is_no_cause():
    """Both sides' layers are the same; what goes into one of them is not."""
    build, data = MODELS["scaled"]
    pairing, one, other = both(build(), build(change=lambda x: x**3), data())
    layer = replace(pairing.second.layers[0], settings={"padding": "1:1,1:1", "groups": "01"})
    second = replace(pairing.second, layers=(layer, *pairing.second.layers[1:]))
    pairing = replace(pairing, second=second)
    found = locate(pairing, one, other, EXACT)
    assert found.place is Place.OUTPUT
    assert explained(pairing, found, one, other) == ()


def test_values_that_start_otherwise_are_named():
    start = {"b.kernel": np.random.default_rng(5).normal(size=(8, 8))}
    _, _, whys = why("mlp", start=start)
    assert whys[0].key == "initial_values"
    assert "TensorFlow's values of kernel" in whys[0].change


def test_what_no_cause_explains_is_left_unexplained():
    build, data = MODELS["mlp"]
    pairing, one, other = both(build(), build(), data())
    random = np.random.default_rng(0)
    other["output/2"] = random.normal(size=other["output/2"].shape)
    found = locate(pairing, one, other, EXACT)
    assert found.place is Place.OUTPUT
    assert explained(pairing, found, one, other) == ()


@pytest.mark.parametrize("name", MODELS | WRITTEN)
def test_equal_models_have_no_cause(name):
    _, found, whys = why(name)
    assert found.place is Place.NOWHERE
    assert whys == ()


def test_the_catalogue_has_each_cause_once_and_every_planted_one():
    keys = [cause.key for cause in CAUSES]
    assert len(keys) == len({*keys}) >= 25
    assert {each[3] for each in PLANTED} | {each[2] for each in STEPS} <= {*keys}


def test_names_of_causes_are_translated():
    with speaking("zh-TW"):
        for cause in CAUSES:
            assert say(cause.name) != cause.name
