"""Which jobs several devices may share: each field that excludes it is in one sentence."""

import pytest
from twinrun.contract.enums import Execution, Loop, Precision

from services.runner.validation import valid_spec
from tests.builders.specs import CPUS, proto, violations

WRONG = {
    "recipe is idiomatic": {"recipe": "RECIPE_IDIOMATIC"},
    "execution is compiled": {"execution": "EXECUTION_COMPILED"},
    "precision is bfloat16": {"precision": "PRECISION_BFLOAT16"},
    "accumulate_steps is 2": {"accumulate_steps": 2},
    "own_ways has threads": {"own_ways": ["OWN_WAY_THREADS"]},
}


def test_a_job_has_one_device_unless_it_says_more():
    assert valid_spec(proto(), CPUS).devices == 1
    assert valid_spec(proto(devices=3, batch_size=3), CPUS).devices == 3


@pytest.mark.parametrize("said", WRONG)
def test_what_several_devices_cannot_share_is_named(said):
    found = violations(proto(devices=2, **WRONG[said]))
    assert found["devices"].startswith(f"is 2, and {said}; ")
    assert valid_spec(proto(devices=1, **WRONG[said]), CPUS)


def test_all_that_excludes_it_is_named_at_once():
    found = violations(proto(devices=2, precision="PRECISION_BFLOAT16", accumulate_steps=2))
    assert "precision is bfloat16, and accumulate_steps is 2; " in found["devices"]


def test_a_batch_has_a_sample_for_each_device():
    found = violations(proto(devices=5, batch_size=4))
    assert found == {"devices": found["devices"]}
    assert "is 5, more than the 4 samples of a batch" in found["devices"]


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
@pytest.mark.parametrize("execution", [Execution.DEFAULT, Execution.EAGER])
@pytest.mark.parametrize("loop", Loop)
def test_what_they_can_share_is_valid(precision, execution, loop):
    given = {"precision": precision, "execution": execution, "loop": loop}
    named = {k: f"{k}_{v}".upper() for k, v in given.items()}
    assert valid_spec(proto(devices=2, **named), CPUS).devices == 2


def test_threads_are_shared_among_devices_and_each_has_one():
    spec = valid_spec(proto(devices=3, batch_size=8, threads=4), 8)
    assert spec.device_threads == 1
    assert valid_spec(proto(devices=2, threads=4), 8).device_threads == 2
    assert valid_spec(proto(devices=4, threads=2), 8).device_threads == 1
