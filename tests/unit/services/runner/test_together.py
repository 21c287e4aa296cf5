"""A runner takes a part of a job of several machines only where it was started for that."""

import pytest
from twinrun.contract.group import ALONE, Group
from twinrun.v1 import runner_service_pb2

from services.errors import InvalidRequest
from services.runner import together
from services.runner.validation import valid_spec
from tests.builders.specs import CPUS, proto

TWO = ("a:1", "b:2")
SPEC = valid_spec(proto(dataset={"name": "synthetic"}, devices=2), CPUS)
ASKED = runner_service_pb2.TrainRequest(
    group=runner_service_pb2.Group(addresses=TWO, place=1),
)


def test_it_is_refused_with_the_remedy_where_it_is_not_allowed():
    with pytest.raises(InvalidRequest, match="--allow-together") as e:
        together.group_of(ASKED, SPEC, allowed=False)
    assert [each.field for each in e.value.violations] == ["group"]


def test_it_is_read_where_it_is_allowed():
    assert together.group_of(ASKED, SPEC, allowed=True) == Group(TWO, 1)


def test_a_job_of_one_machine_needs_no_permission():
    alone = runner_service_pb2.TrainRequest()
    assert together.group_of(alone, SPEC, allowed=False) is ALONE
