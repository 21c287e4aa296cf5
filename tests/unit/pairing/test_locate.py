"""Where two models part, on traces of a real step of a model that was written twice."""

import itertools

import numpy as np
import pytest

from orchestrator.pairing.ambiguities import best, candidates
from orchestrator.pairing.locate import Place, locate
from orchestrator.pairing.pair import pair
from orchestrator.pairing.result import Sure
from tests.builders import two_sided
from tests.builders.ported import MODELS, lenet, mlp, transformer
from tests.builders.tape import Var
from tests.builders.traced import SIDES
from tests.builders.two_sided import Training, both

EXACT = 1e-9


def located(name, fault=None, trainings=(None, None), tolerance=EXACT, **rest):
    build, data = MODELS[name]
    pairing, one, other = both(build(), build(**fault or {}), data(), trainings, **rest)
    return pairing, locate(pairing, one, other, tolerance)


def path(pairing, found):
    return pairing.first.layers[found.layer.first].path


@pytest.mark.parametrize("name", MODELS)
def test_equal_models_part_nowhere(name):
    pairing, found = located(name)
    assert found.place is Place.NOWHERE
    assert len(found.same) == len(pairing.layers)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "nesterov"])
@pytest.mark.parametrize("name", MODELS)
def test_noise_of_the_size_of_float32_is_not_accused(name, optimizer):
    training = Training(optimizer)
    _, found = located(name, trainings=(training, training), noise=1e-7, tolerance=1e-4)
    assert found.place is Place.NOWHERE


@pytest.mark.parametrize(
    ("name", "fault", "layer"),
    [
        ("mlp", {"activation": "relu"}, "r"),
        ("mlp", {"bias": False}, "b"),
        ("lenet", {"padding": (0, 2)}, "c1"),
        ("resnet", {"epsilon": 1e-5}, "1m"),
        ("resnet", {"evaluating": True}, "1m"),
        ("transformer", {"epsilon": 1e-6}, "1n"),
        ("transformer", {"causal": True}, "1t"),
        ("transformer", {"gelu": "gelu_tanh"}, "1g"),
    ],
)
def test_a_fault_is_located_at_its_layer_after_all_that_is_the_same(name, fault, layer):
    pairing, found = located(name, fault)
    assert found.place is Place.OUTPUT
    assert path(pairing, found) == layer
    before = [pairing.first.layers[pair.first].path for pair in found.same]
    every = [each.path for each in pairing.first.layers]
    assert before == every[: every.index(layer)]
    assert found.gap > 1e-7


def test_a_layer_that_is_missing_is_named_beside_the_next_one_that_differs():
    def bare(m, x):
        return m.dense("c", m.dense("b", m.activation("r", m.dense("a", x, 8), "tanh"), 8), 3)

    pairing, one, other = both(mlp(), bare, two_sided.rows())
    found = locate(pairing, one, other, EXACT)
    assert path(pairing, found) == "c"
    assert [pairing.first.layers[index].path for index in found.alone[0]] == ["s"]
    assert found.alone[1] == ()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"shift": 1}, Place.LOSS),
        ({"loss": "sum"}, Place.LOSS),
        ({"decay": 0.01}, Place.UPDATE),
        ({"clip": 0.1}, Place.UPDATE),
        ({"optimizer": "adam", "epsilon": 1e-3}, Place.UPDATE),
    ],
)
def test_what_differs_after_the_model_is_located_there(change, place):
    before = Training(change.get("optimizer", "sgd"))
    _, found = located("mlp", trainings=(before, two_sided.changed(before, **change)))
    assert found.place is place


def test_a_moving_statistic_that_moves_otherwise_is_an_update():
    _, found = located("resnet", {"momentum": 0.9})
    assert found.place is Place.UPDATE
    assert found.tensor.name == "1m.moving_mean"


def test_a_gradient_that_stops_is_located_by_the_slope_behind_it():
    def stopped(m, x):
        x = m.activation("r", m.dense("a", x, 8), "tanh")
        x = m.dense("b", Var(x.value), 8)
        return m.dense("c", m.activation("s", x, "relu"), 3)

    pairing, one, other = both(mlp(), stopped, two_sided.rows())
    found = locate(pairing, one, other, EXACT)
    assert found.place is Place.SLOPE
    assert path(pairing, found) == "r"


def test_the_rounding_of_a_gradient_that_is_nothing_is_not_accused():
    """A key's bias has none: softmax takes it out."""
    pairing, one, other = both(transformer(), transformer(), two_sided.words())
    assert abs(one["gradient/1t.key_bias"]).max() < 1e-12
    other["gradient/1t.key_bias"] = -3 * other["gradient/1t.key_bias"]
    assert locate(pairing, one, other, EXACT).place is Place.NOWHERE
    other["gradient/1t.query_bias"] = 3 * other["gradient/1t.query_bias"]
    assert locate(pairing, one, other, EXACT).tensor.name == "1t.query_bias"


def test_a_batch_that_differs_is_said_first():
    pairing, one, other = both(mlp(), mlp(), two_sided.rows())
    found = locate(pairing, one, {**other, "input": other["input"] * 2}, EXACT)
    assert found.place is Place.INPUT


def test_the_order_of_a_flattened_image_is_no_difference_by_itself():
    pairing, one, other = both(lenet(), lenet((0, 3, 1, 2)), two_sided.images())
    found = locate(pairing, one, other, EXACT)
    assert path(pairing, found) == "d"


def test_what_is_not_finite_on_one_side_differs():
    pairing, one, other = both(mlp(), mlp(), two_sided.rows())
    other["output/2"][0, 0] = float("nan")
    assert path(pairing, locate(pairing, one, other, EXACT)) == "b"


def towers(order):
    """Three equal layers on one input, called in an order, used in another."""

    def build(m, x):
        found = {name: m.dense(name, x, 5, activation="tanh") for name in order}
        x = m.add("+", found["q"], m.dense("w", found["k"] * found["k"], 5, bias=False))
        return m.dense("out", x * found["v"], 3)

    return build


@pytest.mark.parametrize("order", list(itertools.permutations("qkv")))
def test_equal_layers_that_are_called_in_another_order_are_found_by_trying(order):
    first, second, data = towers("qkv"), towers(order), two_sided.rows()
    pairing, one, other = both(first, second, data)
    agrees = locate(pairing, one, other, EXACT).place is Place.NOWHERE
    assert agrees == (list(order) == ["q", "k", "v"])
    if not agrees:
        tried = next(
            each
            for each in candidates(pairing)
            if locate(each, *two_sided.again(each, (first, second), data), EXACT).place
            is Place.NOWHERE
        )
        found = {pair.name: pair.second.key for pair in tried.tensors}
        assert all(name == key for name, key in found.items())
        assert {pair.sure for pair in tried.tensors if pair.name[0] in "qkv"} >= {Sure.ACTIVATIONS}


def test_the_same_values_with_their_axes_in_another_order_are_no_difference_by_themselves():
    pairing, one, other = both(*[MODELS["transformer"][0]()] * 2, two_sided.words())
    for what in ("output", "slope"):
        other[f"{what}/1"] = np.swapaxes(other[f"{what}/1"], 1, 2)
    assert locate(pairing, one, other, EXACT).place is Place.NOWHERE
    other["output/1"] = np.roll(other["output/1"], 1, axis=1)
    assert path(pairing, locate(pairing, one, other, EXACT)) == "0n"


@pytest.mark.parametrize("whole", [0, 1])
def test_the_last_state_of_a_sequence_is_the_same_as_the_state_alone(whole):
    pairing, *arrays = both(*[MODELS["gru"][0]()] * 2, two_sided.sequences())
    state = arrays[whole]["output/0"]
    arrays[whole]["output/0"] = np.stack([state * 3, state], axis=1)
    arrays[whole]["slope/0"] = np.zeros((*state.shape[:1], 2, *state.shape[1:]))
    assert locate(pairing, *arrays, EXACT).place is Place.NOWHERE
    arrays[whole]["output/0"] = np.stack([state, state * 3], axis=1)
    assert path(pairing, locate(pairing, *arrays, EXACT)) == "r"


def test_what_only_moves_later_layers_is_not_tried():
    pairing, *_ = both(towers("qkv"), towers("vqk"), two_sided.rows())
    every = [*candidates(pairing)]
    assert len([*candidates(pairing, until=2)]) == len(every)
    first = [*candidates(pairing, until=0)]
    assert 0 < len(first) < len(every)
    assert all(each.tensors[0].second.key != pairing.tensors[0].second.key for each in first)


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_equal_layers_are_told_apart_by_what_they_do_if_they_start_alike(order):
    def build(names):
        def model(m, x):
            parts = {n: x.taken((slice(None), [i, i + 1])) for i, n in enumerate("abc")}
            found = {name: m.dense(name, parts[name], 4, activation="tanh") for name in names}
            return m.dense("out", m.add("+", found["a"], found["b"] * found["c"]), 3)

        return model

    first, second, data = build("abc"), build(order), two_sided.rows()
    alike = {f"{name}.kernel": 0.3 * np.arange(8).reshape(2, 4) - 1 for name in "abc"}
    alike |= {f"{name}.bias": np.zeros(4) for name in "abc"}
    one, other = (two_sided.trace(each, *data, alike) for each in (first, second))
    pairing = pair(one[0], other[0], SIDES, {})
    found = best(pairing, one[1], other[1])
    assert all(p.name == p.second.key for p in found.tensors)
    assert {p.sure for p in found.tensors if p.name[0] in "abc"} == {Sure.ACTIVATIONS}
    assert any("told them apart" in note for note in found.notes)


def test_a_slope_that_no_gradient_shows_is_passed_even_if_a_statistic_moves_otherwise():
    build, data = MODELS["resnet"]
    pairing, one, other = both(build(), build(momentum=0.5), data())
    other["slope/0"] = other["slope/0"] + 1.0
    found = locate(pairing, one, other, EXACT)
    assert found.place is Place.UPDATE
    assert found.tensor.first.part == "moving_mean"
