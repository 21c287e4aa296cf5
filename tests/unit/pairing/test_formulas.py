"""What traced layers return, by their settings: where a trace's own layers are not enough."""

import numpy as np
import pytest
from twinrun.contract.traced import TracedLayer

from orchestrator.pairing.formulas.layers import before_norm, returned

X = np.arange(25.0).reshape(1, 5, 5, 1)


def layer(kind, given=(5, 5, 1), made=(), **settings):
    return TracedLayer("p", kind, kind, 0, settings, given, made)


def test_a_pool_that_rounds_up_ends_in_what_is_left():
    found = returned(layer("max_pool2d", size="2,2", stride="2,2", ceil="True"), X, {})
    assert found[0, :, :, 0].tolist() == [[6, 8, 9], [16, 18, 19], [21, 23, 24]]
    mean = returned(layer("average_pool2d", size="2,2", stride="2,2", ceil="True"), X, {})
    assert mean[0, 2, :, 0].tolist() == [20.5, 22.5, 24]


def test_a_window_that_starts_in_what_is_padded_is_none():
    settings = {"size": "2,2", "stride": "2,2", "padding": "1:1,1:1", "ceil": "True"}
    assert returned(layer("max_pool2d", **settings), X, {}).shape == (1, 3, 3, 1)


def test_a_border_is_a_constant():
    found = returned(layer("pad", padding="1:0,0:2,0:0", padding_value="3"), X, {})
    assert found.shape == (1, 6, 7, 1)
    assert found[0, 0, 0, 0] == found[0, 5, 6, 0] == 3
    assert returned(layer("pad", padding="1:0,0:2,0:0", mode="reflect"), X, {}) is None


def test_an_interpolation_to_a_size_has_the_factors_that_this_gives():
    told = returned(layer("upsample2d", size="2,2"), X, {})
    target = returned(layer("upsample2d", made=(10, 10, 1), target="(10, 10)"), X, {})
    np.testing.assert_array_equal(told, target)


@pytest.mark.parametrize("kind", ["leaky_relu", "elu"])
def test_an_activation_that_names_itself_is_no_activation_of_it(kind):
    found = returned(layer(kind, activation=kind, negative_slope="0.2", alpha="0.2"), -X, {})
    wanted = -0.2 * X if kind == "leaky_relu" else 0.2 * np.expm1(-X)
    np.testing.assert_allclose(found, wanted)


@pytest.mark.parametrize("sequences", ["True", "False"])
def test_layers_and_directions_of_one_recurrent_module_follow_each_other(sequences):
    random = np.random.default_rng(0)
    x = random.normal(size=(2, 3, 4))
    parts = {"kernel": random.normal(size=(4, 3, 5)), "recurrent_kernel": np.ones((5, 3, 5))}
    back = {f"backward.{part}": -values for part, values in parts.items()}
    more = {"layer1.kernel": np.ones((10, 3, 5)), "layer1.recurrent_kernel": np.ones((5, 3, 5))}
    each = {"return_sequences": "True"}
    one = returned(layer("gru", **each), x, parts)
    two = returned(layer("gru", **each), x[:, ::-1], {k: -v for k, v in parts.items()})[:, ::-1]
    both = np.concatenate([one, two], axis=-1)
    np.testing.assert_allclose(returned(layer("gru", **each), x, parts | back), both)
    last = {"kernel": more["layer1.kernel"], "recurrent_kernel": more["layer1.recurrent_kernel"]}
    settings = {"return_sequences": sequences}
    np.testing.assert_allclose(
        returned(layer("gru", **settings), x, parts | back | more),
        returned(layer("gru", **settings), both, last),
    )


def test_what_a_norm_got_is_not_told_by_values_that_are_laid_out_otherwise():
    made = np.random.default_rng(0).normal(size=(2, 4, 3))
    norm = layer("layer_norm", epsilon="0.001", axis="-1")
    assert before_norm(norm, made, {"gamma": np.ones(4)}) is None
