"""Causes that are seen and not tried: by a pairing alone, or by what one side has."""

import pytest

from orchestrator.pairing.causes.catalog import Proof, explained
from orchestrator.pairing.causes.structure import structural
from orchestrator.pairing.causes.suspects import suspected
from orchestrator.pairing.locate import locate
from orchestrator.pairing.pair import pair
from orchestrator.reports.models import parting
from tests.builders import two_sided
from tests.builders.traced import SIDES, Sketch

TABLE = {"table": (9, 4)}
NO_BIAS = {"kernel": (4, 8)}
SECOND = {"kernel": (4, 3, 8), "bias": (3, 8), "recurrent_bias": (3, 8)}
STACK = SECOND | {f"layer1.{part}": shape for part, shape in SECOND.items()}
KERNELS = {f"{part}_kernel": (4, 2, 2) for part in ("query", "key", "output")}


def gru(path, parts):
    return Sketch().call(path, "gru", (5, 8), parts)


@pytest.mark.parametrize(
    ("one", "other", "key", "words"),
    [
        (
            Sketch().dense("a", 4, 8),
            Sketch().call("x", "dense", (8,), NO_BIAS),
            "missing_bias",
            "`a` has a bias in PyTorch, and `x` has none in TensorFlow: bias.",
        ),
        (
            gru("r", {"kernel": (4, 3, 8)}),
            gru("s", SECOND),
            "missing_bias",
            "`s` has a bias in TensorFlow, and `r` has none in PyTorch",
        ),
        (
            Sketch().dense("a", 4, 4).dense("a", 4, 4),
            Sketch().dense("x", 4, 4).dense("y", 4, 4),
            "tied_weights",
            "PyTorch calls `a` more than once, and TensorFlow has arrays of their own for it: `y`.",
        ),
        (
            Sketch()
            .call("e", "embedding", (4,), TABLE)
            .call("head", "dense", (9,), {"kernel": (4, 9)}),
            Sketch().call("f", "embedding", (4,), TABLE),
            "tied_weights",
            "PyTorch has `head.kernel` of its own; TensorFlow may use `f.table` in its place",
        ),
        (
            Sketch().call("m", "multi_head_attention", (5, 4), KERNELS),
            Sketch().call(
                "n", "multi_head_attention", (5, 4), KERNELS | {"query_kernel": (4, 4, 1)}
            ),
            "other_shape",
            "`m` in PyTorch has query_kernel of shape (4, 2, 2), and `n` in TensorFlow one of",
        ),
        (
            Sketch().dense("a", 4, 8).dense("b", 8, 6),
            Sketch().dense("x", 4, 8),
            "missing_activation",
            "PyTorch has layers that nothing in TensorFlow is like: `b`.",
        ),
        (
            Sketch().dense("a", 4, 8).dropout("d", 0.2),
            Sketch().dense("x", 4, 8).dropout("e", 0.8),
            "dropout_rate",
            "`d` drops 0.2 of the values in PyTorch, and `e` 0.8 in TensorFlow.",
        ),
        (
            Sketch().dense("a", 4, 8).dropout("", 0.2),
            Sketch().dense("x", 4, 8),
            "dropout_off",
            "`the model's own code` drops values in PyTorch, and nothing does in TensorFlow.",
        ),
    ],
)
def test_what_a_pairing_shows_names_both_sides(one, other, key, words):
    first, *_ = structural(pair(one.done(), other.done(), SIDES, {}))
    assert first.key == key
    assert words in first.change
    assert first.proof is Proof.SHOWN
    (told,) = parting.why([first])
    assert told == f"The cause: {first.name}. {first.change}"


def test_a_second_bias_is_named_with_the_layer_of_several_that_lacks_it():
    one = gru("r", STACK).done()
    other = gru("s", SECOND).call("t", "gru", (5, 8), {"kernel": (4, 3, 8), "bias": (3, 8)})
    hand = {"r.layer1.kernel": "t.kernel", "r.layer1.bias": "t.bias"}
    (why,) = structural(pair(one, other.done(), SIDES, hand))
    assert why.key == "second_gru_bias"
    assert "and `t` has none in TensorFlow: layer1.recurrent_bias." in why.change


def test_masks_are_paired_by_their_layers():
    one = Sketch().dense("a", 4, 8).dropout("d", 0.2).dense("b", 8, 8).dropout("e", 0.2).done()
    other = Sketch().dense("x", 4, 8).call("y", "dropout", (8,)).dense("z", 8, 8)
    pairing = pair(one, other.dropout("w", 0.2).done(), SIDES, {})
    assert pairing.draws == ((1, 0),)
    (why,) = structural(pairing)
    assert "`d` drops values in PyTorch, and `y` drops none" in why.change


def _branches(missing=False):
    """Two layers, multiplied by no layer; one has its activation in it, or lacks it."""

    def build(m, x):
        one = m.dense("a", x, 4, activation="linear" if missing else "relu")
        return m.dense("out", one * m.dense("b", x, 4), 3)

    return build


def _apart():
    def build(m, x):
        one = m.activation("r", m.dense("a", x, 4), "relu")
        return m.dense("out", one * m.dense("b", x, 4), 3)

    return build


def test_what_cannot_be_tried_is_told_as_what_it_may_be():
    pairing, *arrays = two_sided.both(_apart(), _branches(missing=True), two_sided.rows())
    found = locate(pairing, *arrays, 1e-9)
    assert explained(pairing, found, *arrays) == ()
    (why,) = suspected(pairing, found, *arrays)
    assert (why.key, why.proof) == ("missing_activation", Proof.GUESSED)
    assert "PyTorch has `r` (relu) after `a`, and TensorFlow none after `a`." in why.change
    (told,) = parting.why([why])
    assert told.startswith("It may be an activation or a layer that is missing, which cannot be")


def test_nothing_is_suspected_where_both_sides_have_the_same():
    pairing, *arrays = two_sided.both(_apart(), _branches(), two_sided.rows())
    found = locate(pairing, *arrays, 1e-9)
    assert suspected(pairing, found, *arrays) == ()
