"""What the user pairs by hand."""

import pytest

from orchestrator.errors import BadInput
from orchestrator.pairing.pair import pair
from orchestrator.pairing.result import TRANSPOSED, Sure
from tests.builders.sketches import mlp, names, own, prefixed, resnet, transformer
from tests.builders.traced import SIDES, renamed


@pytest.mark.parametrize(
    "by_hand",
    [
        {"0a": "k.1a", "1a": "k.0a"},
        {"k.0a": "1a", "0a": "k.1a"},
        {"0a.*": "k.1a.*", "1a.*": "k.0a.*"},
    ],
)
def test_the_map_pairs_what_differs_by_layers_tensors_and_patterns_from_either_side(by_hand):
    model = resnet(str)
    pairing = pair(model, renamed(model, prefixed("k")), SIDES, by_hand)
    found = names(pairing)
    assert found["0a.kernel"] == "k.1a.kernel"
    assert found["1a.bias"] == "k.0a.bias"
    assert found["2a.kernel"] == "k.2a.kernel"
    sure = {each.name: each.sure for each in pairing.tensors}
    assert sure["0a.kernel"] is Sure.BY_HAND
    assert sure["2a.kernel"] is Sure.KIND


def test_a_pattern_carries_over_what_its_star_stands_for():
    model = transformer(prefixed("p"), tied=False)
    other = renamed(model, lambda path: path.replace("p.", "k/"))
    pairing = pair(model, other, SIDES, {"p.*att": "k/*att", "p.*up.kernel": "k/*up.kernel"})
    sure = {each.name: (each.second.key, each.sure) for each in pairing.tensors}
    assert sure["p.1att.key_bias"] == ("k/1att.key_bias", Sure.BY_HAND)
    assert sure["p.0up.kernel"] == ("k/0up.kernel", Sure.BY_HAND)
    assert sure["p.0up.bias"] == ("k/0up.bias", Sure.KIND)


def test_the_map_may_ask_for_a_variant():
    square = own("a", "weight", (4, 4), variants=(TRANSPOSED,))
    by_hand = {"a.weight@transposed": "x.w"}
    pairing = pair(square, own("x", "w", (4, 4)), SIDES, by_hand)
    assert pairing.tensors[0].keys == ("a.weight@transposed", "x.w")


@pytest.mark.parametrize(
    ("by_hand", "words"),
    [
        ({"no": "fc1"}, 'neither side has a tensor or layer "no"'),
        ({"fc1": "no"}, '"fc1" is paired with "no", which the other side does not have'),
        ({"fc1": "dense", "fc2": "dense"}, '"dense" is paired with both "fc1" and "fc2"'),
        ({"fc1.kernel": "dense_1.kernel"}, "they cannot be one array"),
    ],
)
def test_a_map_that_cannot_be_is_refused_by_name(by_hand, words):
    with pytest.raises(BadInput, match=words):
        pair(mlp("fc1", "fc2"), mlp("dense", "dense_1"), SIDES, by_hand)
