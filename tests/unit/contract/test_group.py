"""The machines that train one job together."""

import pytest
from twinrun.contract.converters.rule import Reader
from twinrun.contract.group import ALONE, Group, group_violations
from twinrun.v1 import runner_service_pb2

from services.runner.validation import valid_spec
from tests.builders.specs import CPUS, proto

TWO = ("first:50061", "[::1]:50062")


def job(devices):
    return valid_spec(proto(devices=devices, batch_size=8), CPUS)


def test_each_machine_has_as_many_devices_and_the_first_has_the_first_ones():
    for place, first in ((0, 0), (1, 2)):
        group = Group(TWO, place)
        assert group.own(job(4)).devices == 2
        assert group.first(job(4)) == first
    assert ALONE.own(job(4)) == job(4)
    assert ALONE.first(job(4)) == 0


def test_they_meet_at_the_first_and_are_reached_at_their_own_address():
    group = Group(TWO, 1)
    assert group.meeting == ("first", 50061)
    assert group.host == "::1"


def test_it_says_what_the_devices_are():
    assert Group(TWO).in_words(job(4)) == "2 machines x 2 devices"
    assert Group(TWO).in_words(job(2)) == "2 machines x 1 device"
    assert ALONE.in_words(job(3)) == "3 devices"


def test_a_message_is_the_same_group():
    message = runner_service_pb2.Group(addresses=TWO, place=1)
    assert Reader(has_defaults=True).read(message, Group, "group") == Group(TWO, 1)


@pytest.mark.parametrize(
    ("group", "devices", "field", "said"),
    [
        (Group(), 2, "len(group.addresses)", "from 2 to 64"),
        (Group(("a:1",) * 65), 2, "len(group.addresses)", "from 2 to 64"),
        (Group(TWO, 2), 2, "group.place", "from 0 to 1"),
        (Group(TWO, -1), 2, "group.place", "from 0 to 1"),
        (Group(("first", "b:2")), 2, "group.addresses[0]", "HOST:PORT"),
        (Group(("a:1", ":2")), 2, "group.addresses[1]", "HOST:PORT"),
        (Group(("a:1", "b:65536")), 2, "group.addresses[1]", "HOST:PORT"),
        (Group(TWO), 3, "devices", "take a multiple of 2"),
        (Group(TWO), 1, "devices", "take a multiple of 2"),
    ],
)
def test_what_is_wrong_is_named(group, devices, field, said):
    (found,) = group_violations(group, job(devices))
    assert found.field == field
    assert said in found.message


def test_nothing_is_wrong_with_two_machines_of_as_many_devices():
    assert not list(group_violations(Group(TWO, 1), job(4)))
