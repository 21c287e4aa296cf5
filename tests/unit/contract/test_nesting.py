"""Layers in layers: names, order, and what is too large."""

import pytest
from google.protobuf import json_format
from twinrun.contract import nesting
from twinrun.contract.converters.nests import leaf_messages
from twinrun.contract.layers import Branch, Concat, Dense, Dropout, Flatten, Repeat, Residual
from twinrun.contract.values import checked_spec
from twinrun.v1 import job_pb2

FLAT = (Flatten(), Dense(4), Dense(2))
NESTED = (
    Flatten(),
    Residual((Dense(1), Repeat(2, (Dense(2), Dropout(0.5)))), (Dense(3),)),
    Concat((Branch((Dense(4),)), Branch(), Branch((Dense(5), Residual((Dense(6),)))))),
    Dense(7),
)


def test_layers_that_hold_none_are_named_by_their_index():
    assert [name for name, _ in nesting.named(FLAT)] == ["layers.0", "layers.1", "layers.2"]
    assert nesting.leaves(FLAT) == list(FLAT)


def test_layers_in_others_are_named_by_the_way_to_them_in_the_order_of_a_models_arrays():
    assert [(name, getattr(leaf, "units", None)) for name, leaf in nesting.named(NESTED)] == [
        ("layers.0", None),
        ("layers.1.layers.0", 1),
        ("layers.1.layers.1.0.0", 2),
        ("layers.1.layers.1.0.1", None),
        ("layers.1.layers.1.1.0", 2),
        ("layers.1.layers.1.1.1", None),
        ("layers.1.shortcut.0", 3),
        ("layers.2.branches.0.0", 4),
        ("layers.2.branches.2.0", 5),
        ("layers.2.branches.2.1.layers.0", 6),
        ("layers.3", 7),
    ]


def test_every_layer_of_a_spec_is_met_once_where_it_is_written():
    assert [nesting.case(*each) for each in nesting.written(NESTED)] == [
        "layers[0].flatten",
        "layers[1].residual",
        "layers[1].residual.layers[0].dense",
        "layers[1].residual.layers[1].repeat",
        "layers[1].residual.layers[1].repeat.layers[0].dense",
        "layers[1].residual.layers[1].repeat.layers[1].dropout",
        "layers[1].residual.shortcut[0].dense",
        "layers[2].concat",
        "layers[2].concat.branches[0].layers[0].dense",
        "layers[2].concat.branches[2].layers[0].dense",
        "layers[2].concat.branches[2].layers[1].residual",
        "layers[2].concat.branches[2].layers[1].residual.layers[0].dense",
        "layers[3].dense",
    ]


class Steps:
    """A walk that tells of each call."""

    def __init__(self):
        self.told = []

    def run(self, leaves, value):
        self.told.append([leaf.units for _, leaf in leaves])
        return value + sum(leaf.units for _, leaf in leaves)

    def total(self, place, made, shortcut):
        self.told.append(nesting.field(place))
        return 100 * made + shortcut

    def beside(self, place, made):
        self.told.append(nesting.field(place))
        return sum(10**n * each for n, each in enumerate(made))


def test_a_value_goes_through_each_way_and_what_comes_out_is_put_together():
    walk = Steps()
    layers = (Dense(1), Dense(2), Residual((Dense(3),), ()), Repeat(2, (Dense(4),)))
    assert nesting.through(layers, 0, walk) == 100 * 6 + 3 + 8
    assert walk.told == [[1, 2], [3], "layers[2]", [4], [4]]
    assert nesting.through((Concat((Branch((Dense(1),)), Branch())),), 5, Steps()) == 6 + 50


@pytest.mark.parametrize(
    ("place", "fork"),
    [("layers.0", "layers"), ("layers.1.layers.1.1.0", "layers.1"), ("layers.1.shortcut.0",) * 2],
)
def test_the_innermost_sum_or_concat_around_a_layer_is_told(place, fork):
    places = {nesting.name(each): each for each, _ in nesting.placed(NESTED)}
    wanted = fork if fork != place else "layers.1"
    assert nesting.name(nesting.fork(places[place])) == wanted


def checked(layers):
    """Return what is wrong with a spec of these layers, in JSON."""
    spec = {"dataset": {"name": "mnist"}, "layers": layers, "optimizer": {"adam": {}}}
    message = json_format.ParseDict(spec, job_pb2.JobSpec())
    return {bad.field: bad.message for bad in checked_spec(message, 1)[1]}


def deep(depth):
    layer = {"dense": {"units": 3}}
    for _ in range(depth):
        layer = {"residual": {"layers": [layer]}}
    return layer


def test_a_nesting_that_is_too_deep_is_refused_by_its_place():
    assert not checked([{"flatten": {}}, deep(8)])
    place = "layers[1]" + ".residual.layers[0]" * 9
    assert checked([{"flatten": {}}, deep(9)]) == {place: "is nested 9 deep; at most 8 are taken"}
    assert list(checked([deep(30)])) == [place.replace("[1]", "[0]", 1)]


DENSE = {"dense": {"units": 3}}


@pytest.mark.parametrize(
    ("layer", "field", "message"),
    [
        ({"residual": {}}, "residual.layers", "is not set; it is required"),
        ({"residual": {"shortcut": [DENSE]}}, "residual.layers", "is not set"),
        ({"concat": {}}, "concat.branches", "is not set"),
        ({"concat": {"branches": [{}]}}, "concat.branches", "has 1 branch; give two or more"),
        ({"repeat": {"layers": [DENSE]}}, "repeat.times", "is not set"),
        ({"repeat": {"times": 2}}, "repeat.layers", "is not set"),
        ({"repeat": {"times": -2, "layers": [DENSE]}}, "repeat.times", "must be"),
        ({"repeat": {"times": 2_000_000_000, "layers": [DENSE]}}, "repeat.times", "must be"),
        (
            {"concat": {"branches": [{}, {"layers": [{"dropout": {"rate": 2}}]}]}},
            "concat.branches[1].layers[0].dropout.rate",
            "must be",
        ),
        ({"residual": {"layers": [{}]}}, "residual.layers[0]", "has no kind that is known"),
    ],
)
def test_a_nest_that_is_none_is_named_with_the_place(layer, field, message):
    assert message in checked([DENSE, layer])[f"layers[1].{field}"]


def test_layers_count_as_often_as_they_are_repeated():
    thrice = {"repeat": {"times": 3, "layers": [DENSE] * 332}}  # and itself
    assert checked([thrice]).keys() <= {"layers[0]"}
    inner = {"repeat": {"times": 100, "layers": [DENSE] * 100}}
    found = checked([{"repeat": {"times": 1000, "layers": [inner]}}])
    assert found == {"layers": "has 10001001 layers; at most 1000 are taken"}
    assert len(leaf_messages([json_format.ParseDict(thrice, job_pb2.Layer())])) == 996


class Counted(Steps):
    """A walk that counts its leaves."""

    def run(self, leaves, value):
        return value + len(leaves)

    def beside(self, place, made):
        return sum(made)


@pytest.mark.parametrize("depth", [0, 1, 7])
def test_a_walk_meets_each_layer_once_however_deep_it_is(depth):
    layers = (Dense(1),) * 100
    for _ in range(depth):
        layers = (Repeat(1, layers),)
    assert nesting.through(layers, 0, Counted()) == 100
