"""What of the frameworks' habits JAX has: the rest is refused, here and by its runner."""

import re
from pathlib import Path

import pytest
from twinrun.v1 import job_pb2

from orchestrator.actions.explain import chosen
from orchestrator.errors import BadInput
from orchestrator.results.habits.in_jax import IN_JAX
from orchestrator.results.habits.pitfalls import PITFALLS

REFUSALS = Path(__file__).parents[3] / "services/refusals/jax.py"
CUDA = job_pb2.DEVICE_CUDA


def test_what_is_no_way_of_jax_is_what_its_runner_refuses():
    refused = set(re.findall(r"OwnWay\.(\w+): ", REFUSALS.read_text()))
    others = [each for each in PITFALLS if each.name not in IN_JAX]
    assert {job_pb2.OwnWay.Name(each.way).removeprefix("OWN_WAY_") for each in others} == refused
    assert {each.name for each in PITFALLS} >= IN_JAX.keys()
    assert len(refused) == 6


def test_all_that_are_asked_are_those_that_each_side_has():
    both = [each.name for each in chosen((), CUDA, ("pytorch", "tensorflow"))]
    with_jax = [each.name for each in chosen((), CUDA, ("pytorch", "jax"))]
    assert [name for name in both if name in IN_JAX] == with_jax
    assert "data-pipeline" in both


def test_one_that_a_side_lacks_is_refused_by_name():
    with pytest.raises(BadInput, match="JAX has no way of its own where the pitfall data-pipe"):
        chosen(("norm-epsilon", "data-pipeline"), CUDA, ("pytorch", "tensorflow", "jax"))
    assert len(chosen(("data-pipeline",), CUDA, ("pytorch", "tensorflow"))) == 1
