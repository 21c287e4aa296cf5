"""Which part of one side's model is which part of the other's, by what traces report."""

from dataclasses import replace

import pytest
from twinrun.contract.code import CodeTensor

from orchestrator.pairing.causes.structure import structural
from orchestrator.pairing.pair import pair
from orchestrator.pairing.result import CHANNELS_FIRST, TRANSPOSED, Sure
from tests.builders.sketches import lenet, mlp, names, own, paths, prefixed, resnet, transformer
from tests.builders.traced import SIDES, Sketch, renamed

ROWS = {"kernel": {"variants": (CHANNELS_FIRST,)}}


def test_an_mlp_pairs_by_order_and_its_tensors_are_those_of_a_spec():
    pairing = pair(mlp("fc1", "fc2"), mlp("dense", "dense_1"), SIDES, {})
    assert pairing.code_tensors == (
        CodeTensor("fc1.kernel", (4, 8), True, "fc1.kernel", "dense.kernel"),
        CodeTensor("fc1.bias", (8,), True, "fc1.bias", "dense.bias"),
        CodeTensor("fc2.kernel", (8, 3), True, "fc2.kernel", "dense_1.kernel"),
        CodeTensor("fc2.bias", (3,), True, "fc2.bias", "dense_1.bias"),
    )
    assert {each.sure for each in pairing.tensors} == {Sure.KIND}
    assert pairing.unpaired == ((), ())
    assert pairing.alone == ((), ())
    assert not pairing.faults
    assert not pairing.notes


def test_the_second_sides_names_come_first_if_it_is_the_first():
    pairing = pair(mlp("dense", "dense_1"), mlp("fc1", "fc2"), SIDES[::-1], {})
    assert pairing.code_tensors[0] == CodeTensor(
        "dense.kernel", (4, 8), True, pytorch="fc1.kernel", tensorflow="dense.kernel"
    )


def test_an_activation_inside_a_layer_is_one_after_it():
    pairing = pair(mlp("fc1", "fc2"), mlp("a", "b", fused=True), SIDES, {})
    found = [(each.first, each.second, each.compared) for each in pairing.layers]
    assert found == [(0, 0, False), (1, 0, True), (2, 1, True)]
    assert pairing.alone == ((), ())


def test_a_layer_whose_activation_is_missing_is_compared_as_it_is():
    bare = Sketch().dense("a", 4, 8).dense("b", 8, 3).done()
    pairing = pair(bare, mlp("a", "b", fused=True), SIDES, {})
    assert [(each.first, each.second, each.compared) for each in pairing.layers] == [
        (0, 0, True),
        (1, 1, True),
    ]


@pytest.mark.parametrize(("first", "second"), [(ROWS, None), (None, ROWS), (ROWS, ROWS)])
def test_rows_after_a_flattened_image_are_taken_as_each_side_understands_them(first, second):
    pairing = pair(lenet("c", first), lenet("k", second), SIDES, {})
    kernel = next(each for each in pairing.tensors if each.name == "c3.kernel")
    assert kernel.keys == ("c3.kernel", "k3.kernel")
    assert not any("flattened" in note for note in pairing.notes)


def test_an_inserted_block_shifts_nothing_after_it():
    pairing = pair(resnet(prefixed("p"), skipped={1}), resnet(prefixed("k")), SIDES, {})
    found = paths(pairing)
    assert ("p.stem", "k.stem") in found
    assert ("p.head", "k.head") in found
    assert len(pairing.unpaired[1]) == 2 * 6
    assert not pairing.unpaired[0]
    assert sum("nothing in PyTorch" in fault for fault in pairing.faults) == 2 * 4


def test_layers_of_another_shape_are_no_pair_and_the_closest_are_named():
    one = Sketch().dense("a", 4, 8).dense("b", 8, 3).done()
    other = Sketch().dense("x", 4, 9).dense("y", 9, 3).done()
    pairing = pair(one, other, SIDES, {})
    assert paths(pairing) == [("a", "x"), ("b", "y")]
    assert names(pairing) == {"b.bias": "y.bias"}
    left = {each.tensor.key: each.candidates for each in pairing.unpaired[0]}
    assert left["a.kernel"][0] == "x.kernel"
    assert left["a.bias"] == ("x.bias",)


def test_equal_layers_in_a_row_are_ambiguous_and_said():
    pairing = pair(resnet(prefixed("p")), resnet(prefixed("k")), SIDES, {})
    assert sorted(len(each.first) for each in pairing.ambiguities) == [8, 8]
    assert any("order of calls" in note for note in pairing.notes)


def test_a_transformer_with_a_tied_output_pairs_and_has_that_array_once():
    pairing = pair(transformer(prefixed("p")), transformer(prefixed("k")), SIDES, {})
    assert pairing.unpaired == ((), ())
    assert not pairing.faults
    assert "p.out.kernel" not in {each.name for each in pairing.code_tensors}
    assert "p.out.bias" in {each.name for each in pairing.code_tensors}
    assert pairing.draws == ((0, 0), (1, 1))
    assert any(note.startswith("Tied on both sides") for note in pairing.notes)


def test_an_array_tied_on_one_side_only_is_a_fault():
    pairing = pair(transformer(prefixed("p")), transformer(prefixed("k"), tied=False), SIDES, {})
    (fault,) = pairing.faults
    assert fault == (
        "PyTorch ties p.out.kernel to p.embed.table: one array in two places."
        " TensorFlow trains k.out.kernel alone."
    )


def test_a_tied_array_that_the_other_side_has_in_no_layer_is_no_fault():
    functional = transformer(prefixed("k"))
    functional = replace(
        functional,
        layers=functional.layers[:-1],
        tensors=functional.tensors[:-2],
    )
    pairing = pair(transformer(prefixed("p")), functional, SIDES, {})
    assert [each.tensor.key for each in pairing.unpaired[0]] == ["p.out.kernel", "p.out.bias"]
    assert pairing.faults == (
        "PyTorch has p.out.bias, which nothing in TensorFlow is paired with.",
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"trained": False}, "PyTorch freezes a.kernel, and TensorFlow trains x.kernel."),
        (
            {"used": False},
            "The loss does not depend on a.kernel in PyTorch, but on x.kernel in TensorFlow.",
        ),
    ],
)
def test_what_one_side_alone_does_with_an_array_is_a_fault(change, words):
    one = Sketch().dense("a", 4, 8, changes={"kernel": change}).done()
    pairing = pair(one, Sketch().dense("x", 4, 8).done(), SIDES, {})
    assert pairing.faults == (words,)
    assert pairing.tensors[0].trained


def test_what_both_sides_freeze_or_never_use_is_noted_and_not_trained():
    def side(name):
        sketch = Sketch().dense(name, 4, 8, changes={"kernel": {"trained": False}})
        return sketch.tensor(f"{name}unused", "kernel", (7, 2), used=False).done()

    pairing = pair(side("a"), side("x"), SIDES, {})
    assert not pairing.faults
    assert [(each.name, each.trained) for each in pairing.code_tensors] == [
        ("a.kernel", False),
        ("a.bias", True),
        ("aunused.kernel", False),
    ]
    assert "Frozen on both sides: a.kernel." in pairing.notes
    assert "The loss depends on them on neither side: aunused.kernel." in pairing.notes


def test_an_unused_array_of_one_side_is_shown_and_no_fault():
    one = Sketch().dense("a", 4, 8).tensor("spare", "kernel", (7, 2), used=False).done()
    pairing = pair(one, Sketch().dense("x", 4, 8).done(), SIDES, {})
    assert not pairing.faults
    assert pairing.notes == ("Unused in PyTorch, absent in TensorFlow: spare.kernel.",)


def test_moving_statistics_are_neither_trained_nor_called_frozen():
    pairing = pair(resnet(prefixed("p")), resnet(prefixed("k")), SIDES, {})
    trained = {each.name: each.trained for each in pairing.code_tensors}
    assert not trained["p.0an.moving_mean"]
    assert trained["p.0an.gamma"]
    assert not any("rozen" in note for note in pairing.notes)


@pytest.mark.parametrize(
    ("other", "key"),
    [
        (Sketch().call("x", "dense", (8,), {"kernel": (4, 8)}), "missing_bias"),
        (Sketch().dense("x", 4, 8).dropout("d"), "dropout_off"),
        (Sketch().dense("x", 4, 8), None),
    ],
)
def test_what_a_pairing_shows_by_itself_has_a_cause(other, key):
    pairing = pair(Sketch().dense("a", 4, 8).done(), other.done(), SIDES, {})
    assert [why.key for why in structural(pairing)] == ([key] if key else [])


def test_rates_and_ties_that_differ_have_causes():
    one = Sketch().dense("a", 4, 8).dropout("d", 0.2).done()
    other = Sketch().dense("x", 4, 8).dropout("e", 0.8).done()
    assert [why.key for why in structural(pair(one, other, SIDES, {}))] == ["dropout_rate"]
    tied = pair(transformer(prefixed("p")), transformer(prefixed("k"), tied=False), SIDES, {})
    assert [why.key for why in structural(tied)] == ["tied_weights"]


def test_unknown_layers_pair_by_shape():
    pairing = pair(own("a", "weight", (4, 8)), own("x", "w", (4, 8)), SIDES, {})
    assert names(pairing) == {"a.weight": "x.w"}
    assert pairing.tensors[0].sure is Sure.SHAPE
    assert pairing.notes[0] == "Paired by nothing but their shapes and their order: a.weight."


def test_unknown_layers_pair_transposed_with_a_note():
    turned = own("a", "weight", (8, 4), variants=(TRANSPOSED,))
    pairing = pair(turned, own("x", "w", (4, 8)), SIDES, {})
    (found,) = pairing.code_tensors
    assert found == CodeTensor("a.weight", (4, 8), True, "a.weight@transposed", "x.w")
    assert "Transposed in PyTorch: a.weight." in pairing.notes
    other = pair(own("x", "w", (4, 8)), turned, SIDES, {})
    assert other.code_tensors[0].shape == (4, 8)
    assert other.code_tensors[0].tensorflow == "a.weight@transposed"


def test_a_shape_that_nothing_turns_stays_unpaired():
    pairing = pair(own("a", "weight", (8, 4)), own("x", "w", (4, 8)), SIDES, {})
    assert not pairing.tensors
    assert [each.candidates for each in pairing.unpaired[0]] == [("x.w",)]


def test_a_bias_is_not_taken_for_a_scale_of_the_same_shape():
    one = Sketch().dense("a", 4, 8).done()
    other = Sketch().call("x", "dense", (8,), {"kernel": (4, 8)}).layer_norm("n", 8).done()
    pairing = pair(one, other, SIDES, {})
    assert names(pairing) == {"a.kernel": "x.kernel"}


def test_a_separable_layer_is_two_of_the_other_sides():
    parts = {"depthwise_kernel": (3, 3, 4, 1), "pointwise_kernel": (1, 1, 4, 8), "bias": (8,)}
    one = Sketch().call("s", "separable_conv2d", (8, 8, 8), parts).done()
    other = Sketch().call("d", "depthwise_conv2d", (8, 8, 4), {"kernel": (3, 3, 4, 1)})
    other.conv("p", 4, 8, window=1)
    pairing = pair(one, other.done(), SIDES, {})
    assert names(pairing) == {
        "s.depthwise_kernel": "d.kernel",
        "s.pointwise_kernel": "p.kernel",
        "s.bias": "p.bias",
    }
    assert [(each.second, each.compared) for each in pairing.layers] == [(0, False), (1, True)]


def test_layers_of_different_shapes_pair_even_if_they_are_called_in_another_order():
    one = Sketch().dense("a", 4, 8).dense("b", 4, 6).dense("c", 14, 2).done()
    other = Sketch().dense("y", 4, 6).dense("x", 4, 8).dense("z", 14, 2).done()
    pairing = pair(one, other, SIDES, {})
    assert names(pairing)["a.kernel"] == "x.kernel"
    assert names(pairing)["b.kernel"] == "y.kernel"
    assert any("in another order" in note for note in pairing.notes)


def test_a_layer_that_is_called_twice_has_its_arrays_once():
    one = Sketch().dense("a", 4, 4).dense("a", 4, 4).dense("b", 4, 1).done()
    other = renamed(one, prefixed("k"))
    pairing = pair(one, other, SIDES, {})
    assert paths(pairing) == [("a", "k.a"), ("a", "k.a"), ("b", "k.b")]
    assert len(pairing.tensors) == 4


def test_masks_of_another_rate_are_a_fault():
    one = Sketch().dense("a", 4, 8).dropout("d", 0.2).done()
    other = Sketch().dense("x", 4, 8).dropout("e", 0.8).done()
    assert pair(one, other, SIDES, {}).faults == (
        "PyTorch drops 0.2 of the values at d, and TensorFlow drops 0.8 at e.",
    )
    none = Sketch().dense("x", 4, 8).done()
    assert pair(one, none, SIDES, {}).faults == (
        "PyTorch drops values at d, and TensorFlow drops none there.",
    )


def test_of_layers_that_are_one_module_the_last_is_compared_with_it():
    stack = {"kernel": (4, 3, 8), "layer1.kernel": (8, 3, 8)}
    one = Sketch().call("r", "gru", (5, 8), stack).done()
    other = Sketch().call("s", "gru", (5, 8), {"kernel": (4, 3, 8)})
    other = other.call("t", "gru", (5, 8), {"kernel": (8, 3, 8)}).done()
    pairing = pair(one, other, SIDES, {"r.layer1.kernel": "t.kernel"})
    found = [(each.first, each.second, each.compared) for each in pairing.layers]
    assert found == [(0, 0, False), (0, 1, True)]
    assert pairing.calls(pairing.layers[1], 1) == (0, 1)
