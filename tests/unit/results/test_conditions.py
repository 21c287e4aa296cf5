"""What --fail-if accepts, and what it says of the rest."""

import pytest

from orchestrator.errors import BadInput
from orchestrator.results.limits.condition import Measure, conditions

SIDES = ("pytorch", "tensorflow", "pytorch-execution=compiled")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ratio > 1.05", (None, Measure.RATIO, "epoch_seconds", True, 1.05)),
        ("  ratio<0.9 ", (None, Measure.RATIO, "epoch_seconds", False, 0.9)),
        ("tensorflow: ratio > 1", ("tensorflow", Measure.RATIO, "epoch_seconds", True, 1.0)),
        (
            "pytorch-execution=compiled: ratio ( peak_memory_bytes ) > 1.2",
            ("pytorch-execution=compiled", Measure.RATIO, "peak_memory_bytes", True, 1.2),
        ),
        ("difference < -0.5", (None, Measure.DIFFERENCE, None, False, -0.5)),
    ],
)
def test_a_condition_is_a_side_a_measure_a_sign_and_a_limit(text, parts):
    (found,) = conditions(text, SIDES)
    assert (found.side, found.measure, found.quantity, found.above, found.limit) == parts
    assert found.text == " ".join(text.split())


def test_several_conditions_have_or_between():
    found = conditions("ratio > 1.05 or\n tensorflow: difference < -0.5", SIDES)
    assert [each.text for each in found] == ["ratio > 1.05", "tensorflow: difference < -0.5"]


def test_without_the_flag_there_is_no_condition():
    assert conditions(None, ("pytorch",)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a condition; write one like 'ratio > 1.05'"),
        ("ratio", "is not a condition"),
        ("ratio >= 1.05", "'=' as its limit, which is not a number|is not a condition"),
        ("ratio == 1", "is not a condition"),
        ("speed > 1", "asks for 'speed'; there are 'ratio'"),
        ("__import__('os').system('true') > 1", "is not a condition"),
        ("ratio(test_accuracy) > 1", "the ratio of 'test_accuracy'; these have one: train_seconds"),
        ("difference(test_loss) > 1", "takes no quantity"),
        ("ratio > 5%", "'5%' as its limit, which is not a number"),
        ("ratio > nan", "'nan' as its limit"),
        ("ratio > -1", "a ratio is above 0"),
        ("pytorch: ratio > 1", "names 'pytorch'; .* are: tensorflow, pytorch-execution=compiled"),
        ("ratio > 1.05 and ratio < 2", "is not a condition"),
    ],
)
def test_anything_else_is_refused_and_what_is_allowed_is_said(text, said):
    with pytest.raises(BadInput, match=said):
        conditions(text, SIDES)


def test_every_fault_is_named_at_once():
    with pytest.raises(BadInput) as refusal:
        conditions("jax: ratio > much or speed > 1 or ratio > 1.05", SIDES)
    message = refusal.value.message
    assert "names 'jax'" in message
    assert "'much' as its limit" in message
    assert "asks for 'speed'" in message


def test_the_baseline_is_not_compared_with_itself_and_another_may_be_it():
    assert conditions("pytorch: ratio > 1", SIDES, "tensorflow")
    with pytest.raises(BadInput, match="names 'tensorflow'"):
        conditions("tensorflow: ratio > 1", SIDES, "tensorflow")


def test_one_side_alone_has_nothing_to_be_compared_with():
    with pytest.raises(BadInput, match="needs a second side"):
        conditions("ratio > 1", ("pytorch",))
