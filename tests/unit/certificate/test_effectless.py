"""Biases that a batch norm subtracts, and moving means that follow one of them, and no other."""

import numpy as np
import pytest
from twinrun.contract.layers import BatchNorm, Branch, Concat, Dense, Flatten, Repeat, Residual

from orchestrator.certificate.effectless import biases_before_batch_norm, followers


def weights(bias=0.0, mean=0.0, kernel=0.0):
    return {
        "conv.kernel": np.full((3, 3, 1, 2), 0.5 + kernel),
        "conv.bias": np.array([0.1, 0.2]) + bias,
        "norm.gamma": np.ones(2),
        "norm.beta": np.zeros(2),
        "norm.moving_mean": np.array([0.3, -0.4]) + mean,
        "norm.moving_variance": np.ones(2),
    }


BIAS = frozenset({"conv.bias"})


@pytest.mark.parametrize("share", [0.1, 1.0, 2.0])
def test_a_moving_mean_that_wanders_no_further_than_its_bias_follows_it(share):
    found = followers(weights(), weights(bias=1e-8, mean=share * 1e-8), BIAS)
    assert found == {"norm.moving_mean"}


@pytest.mark.parametrize(
    ("one", "other", "undetermined"),
    [
        (weights(), weights(bias=1e-8, mean=1e-7), BIAS),  # further than its bias
        (weights(), weights(mean=1e-7), BIAS),  # the bias did not wander
        (weights(), weights(bias=1e-8, mean=1e-8), frozenset()),  # the job determines the bias
        (weights(), weights(bias=1e-8, mean=1e-8), frozenset({"conv.kernel"})),
        (weights(), weights(bias=1e-8) | {"norm.moving_mean": np.zeros(3)}, BIAS),
    ],
)
def test_any_other_moving_mean_follows_nothing(one, other, undetermined):
    assert not followers(one, other, undetermined)


def test_a_layer_between_ends_what_a_bias_moves():
    between = {"dense.kernel": np.ones((2, 2))}
    first = {**dict(list(weights().items())[:2]), **between, **dict(list(weights().items())[2:])}
    second = {name: array + 1e-8 for name, array in first.items()}
    assert not followers(first, second, BIAS)


DENSE, NORM = Dense(3), BatchNorm()


@pytest.mark.parametrize(
    ("layers", "biases"),
    [
        (
            (Residual((DENSE,), (DENSE,)), NORM),
            ["layers.0.layers.0.bias", "layers.0.shortcut.0.bias"],
        ),
        ((Residual((DENSE, NORM)),), ["layers.0.layers.0.bias"]),
        # What is shifted before a sum is shifted after it, where no batch norm may be.
        ((DENSE, Residual((NORM,))), []),
        ((DENSE, Residual((Flatten(),)), NORM), []),
        ((Concat((Branch((DENSE,)), Branch())), NORM), ["layers.0.branches.0.0.bias"]),
        ((Repeat(2, (NORM, DENSE)), NORM), ["layers.0.0.1.bias", "layers.0.1.1.bias"]),
    ],
)
def test_a_bias_in_a_nest_is_without_effect_if_a_batch_norm_alone_has_it(layers, biases):
    assert biases_before_batch_norm(layers) == biases
