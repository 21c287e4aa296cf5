"""Layers that are given what the other side's return: all that differ are found, and no other."""

import numpy as np
import pytest

from orchestrator.pairing.isolate import given
from orchestrator.pairing.measure import laid_like
from orchestrator.pairing.result import PairedLayer, Sure
from orchestrator.reports.models import parting
from tests.builders import two_sided
from tests.builders.ported import MODELS, transformer
from tests.builders.two_sided import both

EXACT = 1e-9


def two_norms(epsilon=1e-5, slope="tanh"):
    def build(m, x):
        x = m.batch_norm("n", m.conv("c", x, 4), epsilon=epsilon)
        x = m.conv("d", m.activation("r", x, slope), 4)
        return m.dense("head", m.average("pool", m.batch_norm("o", x, epsilon=1e-5)), 3)

    return build


def told(pairing, alone):
    return [
        (pairing.first.layers[located.layer.first].path, [why.key for why in whys])
        for located, whys in alone.found
    ]


@pytest.mark.parametrize("name", MODELS)
def test_nothing_of_equal_models_differs_by_itself(name):
    build, data = MODELS[name]
    _, alone = two_sided.isolated(build(), build(), data(), EXACT)
    assert not alone.found
    assert not alone.untold


def test_two_faults_are_both_found_and_what_is_between_them_is_not():
    second = two_norms(epsilon=1e-2, slope="relu")
    pairing, alone = two_sided.isolated(two_norms(), second, two_sided.images(), EXACT)
    assert [path for path, _ in told(pairing, alone)] == ["n", "r"]
    assert told(pairing, alone)[0][1][0] == "batch_norm_epsilon"
    assert told(pairing, alone)[1][1][0] == "other_activation"


def test_a_fault_between_layers_shows_in_the_next_one():
    def without(m, x):
        x = m.conv("c", x, 4)
        return m.dense("head", m.average("pool", m.conv("d", x * 1.5, 4)), 3)

    def whole(m, x):
        x = m.conv("c", x, 4)
        return m.dense("head", m.average("pool", m.conv("d", x, 4)), 3)

    pairing, alone = two_sided.isolated(whole, without, two_sided.images(), EXACT)
    assert [path for path, _ in told(pairing, alone)] == ["d"]


def test_of_a_layer_that_is_called_often_the_first_call_is_told():
    def twice(epsilon):
        def build(m, x):
            x = m.layer_norm("n", x, epsilon=epsilon)
            x = m.dense("a", x, 4)
            return m.dense("out", m.last("end", m.layer_norm("n", x, epsilon=epsilon)), 3)

        return build

    pairing, alone = two_sided.isolated(twice(1e-5), twice(1e-2), two_sided.sequences(), EXACT)
    assert [path for path, _ in told(pairing, alone)] == ["n"]


def test_what_follows_another_shape_is_not_told():
    def net(stride):
        def build(m, x):
            x = m.batch_norm("n", m.conv("c", x, 4, stride=stride))
            x = m.average("pool", x)
            return m.dense("head", x, 3)

        return build

    pairing, alone = two_sided.isolated(net(1), net(2), two_sided.images(), EXACT)
    assert [path for path, _ in told(pairing, alone)] == ["c"]
    assert [pairing.first.layers[pair.first].path for pair in alone.untold] == ["n", "pool"]
    texts = [*map(str, parting.each(pairing, alone.found[0][0], alone))]
    assert texts[1].endswith("as said.")
    assert texts[-1].endswith("it cannot be told: `n`, `pool`.")


def test_flattened_images_are_not_given_as_their_order_is_not_known():
    build, data = MODELS["lenet"]
    pairing, one, other = both(build(), build(), data())
    kinds = {pairing.second.layers[index].kind for index in given(pairing, one, other)}
    assert "flatten" not in kinds
    assert "dense" in kinds


def test_the_sentences_number_what_differs_and_name_the_causes():
    second = transformer(epsilon=1e-2, gelu="gelu_tanh")
    pairing, alone = two_sided.isolated(transformer(), second, two_sided.words(), EXACT)
    texts = [*map(str, parting.each(pairing, alone.found[0][0], alone))]
    assert "these differ by themselves" in texts[0]
    assert texts[1].startswith("(1)")
    assert any(text.startswith("(2)") and "`1g`" in text for text in texts)
    assert any("the form of gelu" in text for text in texts)


def test_an_output_is_laid_like_the_other_sides():
    generator = np.random.default_rng(1)
    steps = generator.normal(size=(2, 3, 4))
    np.testing.assert_array_equal(laid_like(steps, steps[:, -1]), steps[:, -1])
    ends = np.concatenate([steps[:, -1, :2], steps[:, 0, 2:]], axis=1)
    np.testing.assert_array_equal(laid_like(steps, steps[:, -1], both_ways=True), ends)
    turned = steps.transpose(0, 2, 1)
    np.testing.assert_array_equal(laid_like(steps, turned), turned)
    assert laid_like(steps[:, -1], steps) is None
    assert laid_like(steps, generator.normal(size=(2, 3, 5))) is None
    pooled = generator.normal(size=(2, 4))
    assert laid_like(pooled, pooled.reshape(2, 1, 1, 4)).shape == (2, 1, 1, 4)


def test_a_call_that_does_more_on_one_side_is_not_given():
    build, data = MODELS["mlp"]
    pairing, one, other = both(build(), build(), data())
    passed = PairedLayer(0, 0, Sure.KIND, compared=False)
    assert not given(two_sided.replace(pairing, layers=(passed,)), one, other)
