"""A spec as completed by a runner: everything requested must come back unchanged."""

from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from twinrun.v1 import job_pb2

from orchestrator.errors import WrongRunner
from orchestrator.gate.fault import Fault, shown
from orchestrator.language.phrases import Phrase, english
from orchestrator.storage.store import to_mapping
from orchestrator.trials.mappings.paths import differing_paths
from orchestrator.trials.text import cleaned

_CHANGED = Phrase("{field} was {asked} in the requested job, and came back as {given}")
_DROPPED = Phrase("{field} was in the requested job, and did not come back")
_UNKNOWN = Phrase(
    "{field} has the field number {number}, which this orchestrator does not know "
    "and could not store"
)
_ADDED = Phrase("{field} was not in the requested job, which was complete, and came back")
_DIFFERENT = Phrase(
    "The {first} and {second} runners complete the requested job differently: in "
    "{fields}. Update the older of the two."
)


def check_completed(asked: job_pb2.JobSpec, answer: job_pb2.JobSpec) -> None:
    """Check a runner's completion of the requested spec. Raises Fault.

    Texts of an answer are cleaned, so the request's are compared as cleaned too: a class may begin
    with a space.
    """
    for fault in (*_changes(cleaned(asked), answer, "spec"), *_unknown(answer, "spec")):
        raise fault


def check_taken(asked: job_pb2.JobSpec, answer: job_pb2.JobSpec) -> None:
    """Check a runner's answer to a completed spec, to which it adds nothing. Raises Fault."""
    check_completed(asked, answer)
    for field in differing_paths([to_mapping(asked), to_mapping(answer)]):
        raise Fault(english(_ADDED, field=f"spec.{field}"))


def check_same(frameworks: Sequence[str], answers: Sequence[job_pb2.JobSpec]) -> None:
    """Check that all frameworks' runners completed one spec alike. Raises WrongRunner."""
    first, *others = map(to_mapping, answers)
    for framework, other in zip(frameworks[1:], others, strict=True):
        if fields := differing_paths([first, other]):
            names = {"first": frameworks[0], "second": framework}
            raise WrongRunner(english(_DIFFERENT, **names, fields=", ".join(fields)))


def _changes(asked: Message, given: Message, path: str) -> Iterator[Fault]:
    """Yield a fault for each field that did not come back unchanged; defaults may be set.

    A list, a bool and a required size have no default.
    """
    for field in asked.DESCRIPTOR.fields:
        here = f"{path}.{field.name}"
        value = getattr(asked, field.name)
        if _is_open(asked, field):
            continue
        answer = getattr(given, field.name)
        if field.has_presence and not given.HasField(field.name):  # even if it is zero
            yield Fault(english(_DROPPED, field=here))
        elif field.type != FieldDescriptor.TYPE_MESSAGE or _is_map(field):
            if answer != value:
                yield _changed(here, value, answer, field)
        elif not field.is_repeated:
            yield from _changes(value, answer, here)
        elif len(answer) != len(value):
            yield _changed(f"len({here})", len(value), len(answer))
        else:
            for index, (one, other) in enumerate(zip(value, answer, strict=True)):
                yield from _changes(one, other, f"{here}[{index}]")


def _is_map(field: Any) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _is_open(asked: Message, field: Any) -> bool:
    if field.has_presence:
        return not asked.HasField(field.name)
    single = not field.is_repeated
    return single and field.type == FieldDescriptor.TYPE_ENUM and not getattr(asked, field.name)


def _changed(path: str, asked: Any, answer: Any, field: Any = None) -> Fault:
    names = field.enum_type.values_by_number if field is not None and field.enum_type else {}
    was, became = (
        names[value].name if isinstance(value, int) and value in names else shown(value)
        for value in (asked, answer)
    )
    return Fault(english(_CHANGED, field=path, asked=was, given=became))


def _unknown(message: Message, path: str) -> Iterator[Fault]:
    """Yield a fault for each field that this code's protocol does not have."""
    unknown: Any = UnknownFieldSet(message)
    for each in unknown:
        yield Fault(english(_UNKNOWN, field=path, number=each.field_number))
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE and not _is_map(field):
            for each in value if field.is_repeated else [value]:
                yield from _unknown(each, f"{path}.{field.name}")
