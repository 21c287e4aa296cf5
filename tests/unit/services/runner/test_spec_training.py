"""Early stopping and accumulation of a spec: what has no meaning is named."""

import pytest

from tests.builders.specs import proto, violations


@pytest.mark.parametrize(
    ("stopping", "field", "said"),
    [
        ({}, "early_stopping.patience", "is not set"),
        ({"patience": 1, "metric": "rmse"}, "early_stopping.metric", "this task has loss, accu"),
        ({"patience": 1, "metric": "top_5_accuracy"}, "early_stopping.metric", "of 10 classes"),
    ],
)
def test_an_early_stop_that_is_none_is_named(stopping, field, said):
    held = {"name": "mnist", "validation_fraction": 0.1}
    found = violations(proto(dataset=held, early_stopping=stopping))
    assert found.keys() == {field}
    assert said in found[field]


def test_an_early_stop_needs_validation_samples_and_no_late_epoch():
    found = violations(proto(early_stopping={"patience": 1}, epochs=2, late_epoch=5))
    assert found.keys() == {"early_stopping"}
    found = violations(proto(early_stopping={"patience": 1}))
    assert "set dataset.validation_fraction" in found["early_stopping"]


def test_a_short_batch_is_part_of_a_step_that_accumulates():
    found = violations(proto(accumulate_steps=2, own_ways=["OWN_WAY_LAST_BATCH"]))
    assert "accumulate_steps is 2" in found["own_ways"]
