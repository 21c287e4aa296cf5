"""Between messages and dataclasses: what goes comes back, and what is not known is refused."""

import dataclasses
import functools
import re
import types
import typing
from enum import StrEnum

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract.converters.events import event_from_proto, event_to_proto
from twinrun.contract.converters.rule import Unreadable
from twinrun.contract.converters.specs import readable_spec, spec_from_proto, spec_to_proto
from twinrun.contract.event_log import EventFile, parse_event, whole_lines
from twinrun.contract.events import EpochFinished, Event, Metrics
from twinrun.contract.layers import Branch, Concat, Layer, Leaf, Repeat, Residual
from twinrun.contract.spec import JobSpec
from twinrun.v1 import job_pb2

from tests.builders.events import JOB

LAW = settings(database=None)
WHOLE_NANOSECONDS = st.floats(0, 1e6).map(lambda seconds: round(seconds, 9))
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
# What an event may hold: zero is a value.
REPORTED = {
    str: TEXTS,
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31 - 1),
    float: WHOLE_NANOSECONDS,
    dict[str, str]: st.dictionaries(TEXTS, TEXTS, max_size=3),
    dict[str, float]: st.dictionaries(TEXTS, st.floats(allow_nan=False), max_size=3),
}
# What a spec may: zero and empty are not set.
ASKED = {
    **REPORTED,
    str: st.text(min_size=1, max_size=20),
    int: st.integers(1, 2**31 - 1),
}


@functools.cache
def layers():
    """Any layer, with others in it to some depth."""
    leaves = anything(Leaf, ASKED, 1)
    return st.recursive(leaves, lambda inner: nests(st.lists(inner, min_size=1, max_size=3)))


def nests(inner):
    inner = inner.map(tuple)
    branches = st.lists(st.builds(Branch, inner), min_size=1, max_size=3).map(tuple)
    return (
        st.builds(Residual, inner, inner)
        | st.builds(Concat, branches)
        | st.builds(Repeat, st.integers(1, 9), inner)
    )


def anything(hint, of, least=0):
    """Any value of a type; ``of``: any of each scalar; ``least``: elements of a list."""
    if hint == Layer:
        return layers()
    if hint is type(None):
        return st.none()
    if hint in of:
        return of[hint]
    if typing.get_origin(hint) is tuple:
        element = anything(typing.get_args(hint)[0], of, least)
        return st.lists(element, min_size=least, max_size=3).map(tuple)
    if isinstance(hint, types.UnionType):
        return st.one_of([anything(each, of, least) for each in typing.get_args(hint)])
    if issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    hints = typing.get_type_hints(hint)
    fields = {f.name: anything(hints[f.name], of, least) for f in dataclasses.fields(hint)}
    return st.builds(hint, **fields)


KINDS = {cls.__name__: cls for cls in typing.get_args(Event)}


@pytest.mark.parametrize("kind", KINDS)
@LAW
@given(st.data())
def test_every_event_comes_back_from_the_wire_as_it_was(kind, data):
    event = data.draw(anything(KINDS[kind], REPORTED))
    message = event_to_proto(event)
    assert event_from_proto(message) == event
    assert event_from_proto(job_pb2.JobEvent.FromString(message.SerializeToString())) == event


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_comes_back_from_a_line_of_a_log(kind, tmp_path):
    @LAW
    @given(anything(KINDS[kind], REPORTED))
    def law(event):
        path = tmp_path / "events.jsonl"
        path.write_bytes(b"")
        EventFile(path).append(event_to_proto(event))
        (line,) = whole_lines(path)
        assert event_from_proto(parse_event(line)) == event

    law()


@LAW
@given(anything(JobSpec, ASKED, least=1))
def test_any_spec_comes_back_from_the_wire_as_it_was_whether_a_runner_takes_it_or_not(wanted):
    assert spec_from_proto(spec_to_proto(wanted)) == wanted


def test_what_an_event_does_not_set_is_zero_or_none_where_that_is_said():
    event = job_pb2.JobEvent(epoch_finished=job_pb2.EpochFinished())
    metrics = Metrics(0.0, None, 0)
    assert event_from_proto(event) == EpochFinished(0, 0.0, 0.0, 0.0, metrics, 0.0)


def test_what_is_no_event_is_refused():
    with pytest.raises(TypeError, match="JobEvent has no case for str"):
        event_to_proto("no event")


# --------------------------------------------------------------------------- what is not known


@pytest.mark.parametrize("event", [{}, {"heartbeat": {}}, {"sequence": 3}])
def test_an_event_of_no_known_kind_is_refused(event):
    message = json_format.ParseDict(event, job_pb2.JobEvent())
    with pytest.raises(Unreadable, match=r"^event is ") as caught:
        event_from_proto(message)
    assert [bad.field for bad in caught.value.violations] == ["event"]


def enum_fields(descriptor, path=""):
    """Where in a message of the kind a number names something, elements of lists first."""
    for field in descriptor.fields:
        here = f"{path}.{field.name}".lstrip(".")
        if field.enum_type is not None:
            yield here
        elif path and field.message_type is not None and field.message_type.name == "Layer":
            continue  # in a nest
        elif field.message_type is not None and field.message_type.file is descriptor.file:
            yield from enum_fields(field.message_type, here)


def with_number(message, path, number):
    """Sets the number at the path, in the first element of each list; gives the path as told."""
    told = ""
    *above, last = path.split(".")
    for name in above:
        told += f".{name}"
        message = getattr(message, name)
        if hasattr(message, "add"):
            message = message[0] if len(message) else message.add()
            told += "[0]"
    if message.DESCRIPTOR.fields_by_name[last].is_repeated:
        getattr(message, last).append(number)
        return f"{told}.{last}[0]".lstrip(".")
    setattr(message, last, number)
    return f"{told}.{last}".lstrip(".")


EVENT_ENUMS = sorted(enum_fields(job_pb2.JobEvent.DESCRIPTOR))
SPEC_ENUMS = sorted(enum_fields(job_pb2.JobSpec.DESCRIPTOR))


@pytest.mark.parametrize("number", [0, 99])
@pytest.mark.parametrize("path", EVENT_ENUMS)
def test_a_number_in_an_event_that_names_nothing_is_refused_by_its_field(path, number):
    message = job_pb2.JobEvent()
    getattr(message, path.partition(".")[0]).SetInParent()
    told = with_number(message, path, number)
    with pytest.raises(Unreadable, match=f"is {number}; known are [A-Z_0-9, ]+$") as caught:
        event_from_proto(message)
    assert [bad.field for bad in caught.value.violations] == [told]


@pytest.mark.parametrize("path", SPEC_ENUMS)
def test_a_number_in_a_spec_that_names_nothing_is_refused_by_its_field(path):
    message = job_pb2.JobSpec()
    told = with_number(message, path, 99)
    with pytest.raises(Unreadable) as caught:
        spec_from_proto(message)
    found = {bad.field: bad.message for bad in caught.value.violations}
    assert re.match("is 99; known are [A-Z_0-9, ]+$", found[told])


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"layers": [{"flatten": {}}, {}]}, "layers[1]"),
        ({"layers": [{"dense": {"kernel_initializer": {}}}]}, "layers[0].dense.kernel_initializer"),
        ({"optimizer": {"learning_rate": 1}}, "optimizer"),
    ],
)
def test_what_is_of_no_known_kind_in_a_spec_is_refused_by_its_field(spec, field):
    with pytest.raises(Unreadable) as caught:
        spec_from_proto(json_format.ParseDict(spec, job_pb2.JobSpec()))
    found = {bad.field: bad.message for bad in caught.value.violations}
    assert found[field].startswith("has no kind that is known; give one of ")


def test_a_spec_s_field_of_a_later_version_is_refused_with_its_place():
    message = spec_to_proto(JOB)
    dense = next(layer.dense for layer in message.layers if layer.HasField("dense"))
    dense.MergeFromString(b"\xf8\x3f\x01")  # field 1023
    message.MergeFromString(b"\xf8\x3f\x01")
    spec, violations = readable_spec(message)
    assert spec == JOB
    assert [(bad.field.partition("[")[0], bad.message) for bad in violations] == [
        ("JobSpec", "has the field number 1023, which this version does not know"),
        ("layers", "has the field number 1023, which this version does not know"),
    ]
