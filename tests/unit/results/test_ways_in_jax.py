"""What of the frameworks' habits JAX has: the rest is refused, here and by its runner."""

import contextlib
from dataclasses import replace

import pytest
from twinrun.contract.enums import OwnWay
from twinrun.v1 import job_pb2

from orchestrator.actions.explain import chosen
from orchestrator.errors import BadInput
from orchestrator.results.habits.in_jax import WAYS as IN_JAX
from orchestrator.results.habits.pitfall import further
from orchestrator.results.habits.pitfalls import PITFALLS
from services.errors import Unsupported
from services.frameworks import own
from services.refusals import require_supported
from services.runner.validation import valid_spec
from tests.builders.specs import CPUS, proto

CUDA = job_pb2.DEVICE_CUDA


def test_all_that_are_asked_are_those_that_each_side_has():
    both = [each.name for each in chosen((), CUDA, ("pytorch", "tensorflow"))]
    with_jax = [each.name for each in chosen((), CUDA, ("pytorch", "jax"))]
    assert [name for name in both if name in IN_JAX] == with_jax
    assert "data-pipeline" in both


def test_one_that_a_side_lacks_is_refused_by_name():
    with pytest.raises(BadInput, match="JAX has no way of its own where the pitfall data-pipe"):
        chosen(("norm-epsilon", "data-pipeline"), CUDA, ("pytorch", "tensorflow", "jax"))
    assert len(chosen(("data-pipeline",), CUDA, ("pytorch", "tensorflow"))) == 1


@pytest.mark.parametrize("name", sorted(own().keys() - {"pytorch", "tensorflow"}))
def test_a_further_framework_that_takes_own_ways_has_them_described(name):
    """It has orchestrator/results/habits/in_NAME.py, or refuses own_ways as a whole."""
    spec = valid_spec(proto(dataset={"name": "synthetic"}), CPUS)
    taken = []
    for pitfall in PITFALLS:
        way = OwnWay(job_pb2.OwnWay.Name(pitfall.way).removeprefix("OWN_WAY_").lower())
        with contextlib.suppress(Unsupported):
            require_supported(name, replace(spec, own_ways=(way,)))
            taken.append(pitfall.name)
    assert sorted(taken) == sorted(further(name) or ())


def test_what_nobody_described_is_neither_lacked_nor_told():
    assert further("other") is further("a.b") is further("keras-jax") is None
    assert PITFALLS[0].does("other") is None
    assert not PITFALLS[0].lacked_by("other")
