"""Two models of code, in words: which array is which, and where and why they part."""

import pytest

from orchestrator.language.phrases import say, speaking
from orchestrator.pairing.causes.catalog import CAUSES, explained
from orchestrator.pairing.locate import locate
from orchestrator.pairing.pair import pair
from orchestrator.pairing.result import TRANSPOSED
from orchestrator.reports.models import pairing as table
from orchestrator.reports.models import parting
from tests.builders.ported import MODELS
from tests.builders.traced import SIDES, Sketch
from tests.builders.two_sided import Training, both, changed


def sides():
    turned = {"w": {"variants": (TRANSPOSED,)}}
    one = Sketch().dense("fc", 4, 8).call("own", "", (3,), {"w": (3, 8)}, changes=turned)
    one.tensor("spare", "kernel", (7, 7), used=False)
    tied = {"kernel": {"tied_to": "k.kernel"}}
    other = Sketch().dense("k", 4, 8).call("own2", "", (3,), {"w": (8, 3)})
    return one.done(), other.dense("last", 9, 9, changes=tied).done()


def test_the_table_has_both_keys_the_shape_what_is_unusual_and_how_sure_it_is():
    grid = table.paired(pair(*sides(), SIDES, {"fc": "k"}))
    assert grid.headings == ["PyTorch", "TensorFlow", "shape", "remarks", "paired by"]
    rows = [[row.name, *row.values] for row in grid.rows]
    assert rows == [
        ["fc.kernel", "k.kernel", "[4, 8]", "", "hand"],
        ["fc.bias", "k.bias", "[8]", "", "hand"],
        ["own.w", "own2.w", "[3, 8], [8, 3]", "transposed in PyTorch", "shape and order alone"],
    ]


def test_what_is_left_is_listed_for_what_it_is_with_the_closest():
    pairing = pair(*sides(), SIDES, {})
    assert [row.values for row in table.left(pairing.unpaired[0]).rows] == [
        ["[7, 7]", "not used", "last.kernel"]
    ]
    assert [row.values for row in table.left(pairing.unpaired[1]).rows] == [
        ["[9, 9]", "tied to k.kernel", "spare.kernel"],
        ["[9]", "trained", "-"],
    ]
    assert table.summary(pairing) == (
        "3 arrays are paired; 1 of PyTorch and 2 of TensorFlow are not."
    )
    texts = [getattr(part, "text", "") for part in table.report(pairing)]
    assert "Unpaired in PyTorch:" in texts
    assert "What cannot be the same job:" in texts
    assert "TensorFlow has last.bias, which nothing in PyTorch is paired with." in texts


def test_an_array_that_is_something_else_on_the_other_side_is_marked():
    one = Sketch().dense("a", 4, 8, changes={"kernel": {"trained": False}}).done()
    grid = table.paired(pair(one, Sketch().dense("x", 4, 8).done(), SIDES, {}))
    assert [row.differs for row in grid.rows] == [True, False]
    assert grid.rows[0].values[-2] == "kept, not trained in PyTorch, trained in TensorFlow"


def told(name, fault=None, **change):
    build, data = MODELS[name]
    trainings = Training(), changed(**change)
    pairing, one, other = both(build(), build(**fault or {}), data(), trainings)
    found = locate(pairing, one, other, 1e-9)
    return [*parting.sentences(pairing, found, explained(pairing, found, one, other))]


def test_a_fault_is_told_with_its_place_its_settings_and_its_cause():
    where, settings, cause, *more = told("resnet", {"epsilon": 1e-5})
    assert where.startswith(
        "PyTorch's `1m` and TensorFlow's `1m` are the first layers whose outputs differ: by "
    )
    assert "Layers before them that are the same: 12, the last of them `1b`." in where
    assert settings == (
        "Their settings differ: epsilon is 0.001 in PyTorch and 1e-05 in TensorFlow."
    )
    assert cause.startswith(
        "The cause: the epsilon of batch normalization. If PyTorch's epsilon of `1m` were 1e-05,"
        " the two would agree to "
    )
    assert not more


def test_a_layer_that_one_side_lacks_is_told():
    found = told("mlp", {"missing": True})
    assert "Just before, PyTorch has `s` (relu), and TensorFlow has no layer of the kind." in found


def test_without_a_cause_that_is_said():
    assert [*parting.why([])] == [f"None of the {len(CAUSES)} causes that are known explains it."]


@pytest.mark.parametrize(
    ("name", "fault", "change", "words"),
    [
        ("mlp", {}, {}, "nothing differs: the outputs of all 5 layers"),
        ("mlp", {"activation": "relu"}, {}, "the same: 1, the last of them `a`"),
        ("scaled", {"change": lambda x: x / 2}, {}, "They are the first layers"),
        ("ended", {"twice": True}, {}, "the logits differ"),
        ("mlp", {}, {"loss": "sum"}, "the loss of the batch differs"),
        ("mlp", {}, {"rate": 0.2}, "The step moves PyTorch's `a.kernel` otherwise"),
    ],
)
def test_each_place_is_told_in_both_languages(name, fault, change, words):
    found = told(name, fault, **change)
    assert words in found[0]
    with speaking("zh-TW"):
        for sentence in found:
            assert say(sentence) != sentence
