"""Proto and dataclasses say the same: by their descriptors and their comments."""

import dataclasses
import re
import types
import typing
from enum import StrEnum
from pathlib import Path

import pytest
from google.protobuf.descriptor import FieldDescriptor
from twinrun.contract import events
from twinrun.v1 import job_pb2

from tests.builders.pairs import (
    ENUMS,
    MESSAGES,
    PAIRS,
    dataclass_field,
    dataclass_named,
    is_case,
    reachable,
)

PROTO = Path(__file__).parents[3] / "proto/twinrun/v1/job.proto"
SCALARS = {
    FieldDescriptor.TYPE_DOUBLE: float,
    FieldDescriptor.TYPE_INT32: int,
    FieldDescriptor.TYPE_INT64: int,
    FieldDescriptor.TYPE_BOOL: bool,
    FieldDescriptor.TYPE_STRING: str,
}


def test_every_message_has_a_dataclass_a_union_or_is_the_envelope():
    pairs = {message.name for message, _ in PAIRS}
    assert MESSAGES.keys() - pairs == {"JobEvent", "Layer", "Initializer", "Loss", "Heartbeat"}


@pytest.mark.parametrize(("message", "cls"), PAIRS, ids=[m.name for m, _ in PAIRS])
def test_a_message_and_its_dataclass_have_the_same_fields(message, cls):
    assert {dataclass_field(field) for field in message.fields} == {
        field.name for field in dataclasses.fields(cls)
    }


def expected_type(field):
    if field.enum_type is not None:
        return dataclass_named(field.enum_type.name)
    if field.message_type is None:
        return SCALARS[field.type]
    if field.message_type.name == "Duration":
        return float
    if field.message_type.full_name == "google.rpc.Status":
        return events.Failure
    if field.message_type.GetOptions().map_entry:
        value = field.message_type.fields_by_name["value"]
        return dict.__class_getitem__((str, SCALARS[value.type]))
    return dataclass_named(field.message_type.name)


@pytest.mark.parametrize(("message", "cls"), PAIRS, ids=[m.name for m, _ in PAIRS])
def test_a_message_and_its_dataclass_have_the_same_types(message, cls):
    hints = typing.get_type_hints(cls)
    for field in message.fields:
        hint = hints[dataclass_field(field)]
        if is_case(field):
            expected = dataclass_named(field.message_type.name)
            assert expected in typing.get_args(hint), field.full_name
            continue
        if typing.get_origin(hint) is tuple:
            hint = typing.get_args(hint)[0]
        if isinstance(hint, types.UnionType) and type(None) in typing.get_args(hint):
            hint = typing.get_args(hint)[0]
        assert hint == expected_type(field), field.full_name


@pytest.mark.parametrize("name", ["Layer", "Initializer", "Loss"])
def test_a_union_has_a_class_for_each_case_and_no_other(name):
    cases = {field.message_type.name for field in MESSAGES[name].oneofs_by_name["kind"].fields}
    assert {cls.__name__ for cls in typing.get_args(dataclass_named(name))} == cases


def test_every_event_has_a_case_in_the_envelope_and_every_case_an_event():
    cases = job_pb2.JobEvent.DESCRIPTOR.oneofs_by_name["event"].fields
    assert {field.message_type.name for field in cases} - {"Heartbeat"} == {
        cls.__name__ for cls in typing.get_args(events.Event)
    }


@pytest.mark.parametrize("name", ENUMS)
def test_an_enum_has_the_same_members_on_both_sides_and_zero_is_unspecified(name):
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper() + "_"
    cls = dataclass_named(name)
    assert issubclass(cls, StrEnum)
    assert ENUMS[name].values_by_number[0].name == f"{prefix}UNSPECIFIED"
    assert [value.name for value in ENUMS[name].values][1:] == [
        f"{prefix}{member.name}" for member in cls
    ]


# ------------------------------------------------------------------------------------ defaults


def documented_defaults() -> dict[tuple[str, str], str]:
    """What the comments of job.proto name as the default of a message's field."""
    found, message = {}, ""
    for line in PROTO.read_text().splitlines():
        if match := re.match(r"message (\w+)", line):
            message = match[1]
        field = re.match(
            r"  +(?:optional |repeated )?[\w.]+ (\w+) = \d+;.*?Default:? (\S+?)[.;]?(?:\s|$)", line
        )
        if field:
            found[message, field[1]] = field[2]
    return found


def as_documented(value: object) -> str:
    match value:
        case None | ():
            return "all"
        case StrEnum():
            return f"{_screaming(type(value).__name__)}_{value.name}"
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            return value
    return _screaming(type(value).__name__).lower()  # an initializer's case


def _screaming(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


def actual_defaults() -> dict[tuple[str, str], object]:
    return {
        (message.name, field.name): field.default
        for message, cls in PAIRS
        if message.name in reachable(job_pb2.JobSpec.DESCRIPTOR)
        for field in dataclasses.fields(cls)
        if field.default is not dataclasses.MISSING
    }


def test_every_default_that_the_proto_names_is_the_dataclasss():
    named = documented_defaults()
    assert named.pop(("JobSpec", "threads")) == "the"  # runner's, not the dataclass's
    actual = actual_defaults()
    assert named.keys() <= actual.keys()
    for field, text in named.items():
        value = actual[field]
        same = as_documented(value) == text or (value is None and text == "none")
        if isinstance(value, float) and not same:
            same = float(text) == value
        assert same, field


def test_every_default_is_named_in_the_proto():
    nested = {
        ("Dataset", "normalization"),
        ("Dataset", "synthetic"),
        ("Dataset", "file"),
        ("Dataset", "arrays"),
        ("JobSpec", "augmentation"),
        ("JobSpec", "code"),
        ("Code", "pytorch"),
        ("Code", "tensorflow"),
        ("Code", "jax"),
        ("Code", "files"),
        ("Code", "initial"),
        ("Code", "returned"),
        ("JobSpec", "tolerance"),
    }  # their own fields have theirs
    empty = {
        ("JobSpec", "own_ways"),
        ("Tolerance", "reason"),
        ("Step", "boundaries"),
        ("Step", "every"),  # one of the two
        ("Schedule", "shown_steps"),
        ("Residual", "shortcut"),
        ("Branch", "layers"),
        ("Normalization", "means"),
        ("Normalization", "stds"),
        ("File", "target"),
        ("File", "features"),
        ("File", "size"),
        ("SoftmaxCrossEntropy", "class_weights"),
        ("File", "test_path"),
        ("Arrays", "pixels"),
        ("Arrays", "codes"),
        ("Arrays", "names"),
        ("Arrays", "classes"),
        ("Target", "metric"),
        ("Code", "tensors"),
        ("Code", "notes"),
        ("CodeSource", "arguments"),
        ("CodeSource", "layout"),
        ("CodeSource", "output"),
        ("CodeSource", "case"),
        ("CodeTensor", "pytorch"),
        ("CodeTensor", "tensorflow"),
        ("CodeTensor", "jax"),
        *(("Conv2d", f"{name}_2d") for name in ("size", "stride", "padding")),
        ("Conv1d", "padding_1d"),
        *(("Conv2dTranspose", f"{name}_2d") for name in ("size", "stride")),
        ("ZeroPadding2d", "padding_2d"),
        ("Activation", "slope"),  # of one function alone
    }
    assert actual_defaults().keys() - documented_defaults().keys() == nested | empty
