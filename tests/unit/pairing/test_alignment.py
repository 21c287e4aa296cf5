"""Two sequences of layers side by side: what one side has alone shifts nothing."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.pairing.alignment import align
from orchestrator.pairing.pair import pair
from tests.builders.sketches import paths
from tests.builders.traced import SIDES, Sketch, renamed


@given(st.lists(st.sampled_from("abc"), max_size=9), st.lists(st.sampled_from("abc"), max_size=9))
def test_an_alignment_is_a_longest_common_subsequence(first, second):
    found = align(first, second, lambda one, other: int(one == other))
    assert all(first[i] == second[j] for i, j in found)
    assert found == sorted(found)
    assert len({i for i, _ in found}) == len({j for _, j in found}) == len(found)
    assert len(found) == longest(first, second)


def longest(first, second):
    if not first or not second:
        return 0
    if first[0] == second[0]:
        return 1 + longest(first[1:], second[1:])
    return max(longest(first[1:], second), longest(first, second[1:]))


def test_hundreds_of_layers_with_insertions_pair_soon():
    def side(letter, extra):
        sketch = Sketch()
        for number in range(250):
            sketch.dense(f"{letter}{number}", 4 + number % 7, 4 + (number + 1) % 7)
            if number in extra:
                sketch.layer_norm(f"{letter}extra{number}", 4)
        return sketch.done()

    pairing = pair(side("a", {5, 120}), side("b", {60, 240}), SIDES, {})
    assert all(one[1:] == other[1:] for one, other in paths(pairing) if "extra" not in one)
    assert len(pairing.layers) >= 250


MODELS = st.lists(
    st.sampled_from(["dense", "conv", "norm", "relu", "dropout"]), min_size=1, max_size=12
)


def built(kinds):
    sketch = Sketch()
    for number, kind in enumerate(kinds):
        match kind:
            case "dense":
                sketch.dense(f"l{number}", 4 + number % 3, 8)
            case "conv":
                sketch.conv(f"l{number}", 3, 4)
            case "norm":
                sketch.batch_norm(f"l{number}", 4)
            case "relu":
                sketch.plain(f"l{number}", "relu")
            case _:
                sketch.dropout(f"l{number}")
    return sketch.done()


@given(kinds=MODELS, salt=st.integers(0, 9))
def test_other_paths_change_nothing(kinds, salt):
    model = built(kinds)
    other = renamed(model, lambda path: f"x{(int(path[1:]) * 7 + salt) % 101}_{path}")
    pairing = pair(model, other, SIDES, {})
    assert [(each.first, each.second) for each in pairing.layers] == [
        (index, index) for index in range(len(model.layers))
    ]
    assert [each.second.part for each in pairing.tensors] == [t.part for t in model.tensors]
    assert pairing.unpaired == ((), ())
    assert not pairing.faults


@given(kinds=MODELS, place=st.integers(0, 12))
def test_what_is_inserted_is_all_that_is_left(kinds, place):
    """A kind that the rest has not: nothing else moves."""
    model = built(kinds)
    sketch = Sketch([*model.layers[:place]], [*model.tensors], [*model.draws])
    sketch.layer_norm("new", 13)
    sketch.layers += model.layers[place:]
    pairing = pair(model, sketch.done(), SIDES, {})
    assert [each.first for each in pairing.layers] == [*range(len(model.layers))]
    assert [each.tensor.layer for each in pairing.unpaired[1]] == ["new", "new"]
    assert not pairing.unpaired[0]
