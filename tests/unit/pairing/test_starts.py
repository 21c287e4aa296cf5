"""Two models' own initial values: of one size or not."""

from types import SimpleNamespace

import numpy as np
import pytest

from orchestrator.pairing.starts import starts

DRAW = np.random.default_rng(0)


def said(one, two):
    tensor = SimpleNamespace(key="a.kernel"), SimpleNamespace(key="b.kernel")
    pair = SimpleNamespace(first=tensor[0], second=tensor[1], name="a.kernel")
    pairing = SimpleNamespace(once=(pair,), frameworks=("pytorch", "tensorflow"))
    arrays = {"initial/a.kernel": np.asarray(one)}, {"initial/b.kernel": np.asarray(two)}
    return [str(sentence) for sentence in starts(pairing, *arrays)]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (np.ones(4), np.zeros(4)),
        (np.full(4, 1e-6), np.full(4, 0.1)),
        (np.ones(4), -np.ones(4)),
        (DRAW.normal(size=200), 2 * DRAW.normal(size=200)),
        (np.zeros(8), DRAW.normal(size=8)),
    ],
)
def test_values_of_another_size_are_told_with_both(one, two):
    (sentence,) = said(one, two)
    assert "`a.kernel` from" in sentence
    assert "Here both start from PyTorch's." in sentence


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (np.ones(4), np.ones(4)),
        (DRAW.normal(size=2000), DRAW.normal(size=2000)),
        (DRAW.normal(size=5), 3 * DRAW.normal(size=5)),  # too few draws to tell
    ],
)
def test_values_drawn_alike_are_not(one, two):
    assert not said(one, two)


def test_constants_that_differ_are_told_first_with_both_sides_names():
    def pair_of(name):
        sides = SimpleNamespace(key=f"a.{name}"), SimpleNamespace(key=f"b.{name}")
        return SimpleNamespace(first=sides[0], second=sides[1], name=f"a.{name}")

    pairs = pair_of("drawn"), pair_of("gamma")
    pairing = SimpleNamespace(once=pairs, frameworks=("pytorch", "tensorflow"))
    arrays = (
        {"initial/a.drawn": DRAW.normal(size=200), "initial/a.gamma": np.full(4, 1e-6)},
        {"initial/b.drawn": np.zeros(200), "initial/b.gamma": np.full(4, 1e-2)},
    )
    (sentence,) = starts(pairing, *arrays)
    assert "values: `a.gamma` from 1e-06 in PyTorch and `b.gamma` from 0.01 in" in sentence
    assert sentence.index("a.gamma") < sentence.index("a.drawn")


@pytest.mark.filterwarnings("error")
def test_a_mask_of_infinities_is_a_start_like_any_other():
    mask = np.full(4, -np.inf)
    assert not said(mask, mask)
