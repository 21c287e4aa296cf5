"""Early stopping and accumulation of a spec: what has no meaning is named."""

import pytest

from services.runner.validation import valid_spec
from tests.builders.specs import CPUS, proto, violations


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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"precision": "PRECISION_FLOAT32"}, "is of float16, but precision is float32"),
        ({"loss_scale": 1000}, "is 1000; it must be a power of two"),
        ({"loss_scale": 0}, "is 0; it must be from 1 to 65536"),
        ({"loss_scale": 131072}, "is 131072; it must be from 1 to 65536"),
        ({"recipe": "RECIPE_IDIOMATIC"}, "is of the matched recipe only"),
    ],
)
def test_a_loss_scale_that_means_nothing_is_named(given, said):
    found = violations(proto(**{"precision": "PRECISION_FLOAT16", "loss_scale": 1024, **given}))
    assert found.keys() == {"loss_scale"}
    assert said in found["loss_scale"]


@pytest.mark.parametrize(
    ("precision", "given", "scale"),
    [
        ("FLOAT16", {}, 1024),
        ("FLOAT16", {"loss_scale": 64}, 64),
        ("BFLOAT16", {}, 1),
        ("FLOAT32", {}, 1),
    ],
)
def test_the_loss_is_scaled_in_float16_alone(precision, given, scale):
    spec = valid_spec(proto(precision=f"PRECISION_{precision}", **given), CPUS)
    assert spec.gradient_scale == scale
