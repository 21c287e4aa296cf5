"""Checks of every number by its kind of field, so that new fields are covered too."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.trials.mappings.faults import (
    AT_MOST,
    FROM,
    IS,
    OBJECT,
    ONE_OF,
    WHOLE,
    Fault,
    require,
    require_from,
    shown,
)

_FINITE = Phrase("a finite number")
_NO_FIELD = Phrase("{field} is not known")
_NO_VALUE = Phrase("{field} is {value}, which is not known")
_A_TIME = Phrase("a time from 0 s to 10 years")
_A_DATE = Phrase("a date from 1970 to 9999")
_MOST_SECONDS = 10 * 365 * 86_400
_LAST_SECOND = 253_402_300_799  # of the year 9999
_MOST = 2**60  # of counts, including bytes
_LARGEST = 1e30
_NANOS = 999_999_999
_MOST_ITEMS = 10_000
_MORE_ITEMS = 100_000  # of numbers that come in chunks; a message of 4 MiB holds no more
_CHUNKS = {
    *("losses", "ordered_losses", "accuracies", "norms"),
    *("originals", "augmented", "labels", "read_labels"),
}
# A job that diverges reports honestly.
_MAY_DIVERGE = {"losses", "ordered_losses", "norms", "train_loss", "loss"}
_SIGNED = {"mean", "means", "originals", "augmented"}
_FRACTIONS = {
    *("accuracy", "accuracies", "running_accuracy", "target_accuracy", "mean_utilization"),
}
_ROUNDING = 1e-6
# Processes that end remove their part of the sum.
_SIGNED_TIMES = {"own_cpu_duration"}
_FLOATS = (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT)
_OWN_MAPPINGS = "google.protobuf."  # JSON that is no object, such as a duration's text
_OPAQUE = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_BOOL)


def check(message: Message, path: str = "") -> None:
    """Check every number of a message, at any depth. Raises Fault."""
    for field, value in message.ListFields():
        here = f"{path}.{field.name}" if path else field.name
        if field.is_repeated:
            most = _MORE_ITEMS if field.name in _CHUNKS else _MOST_ITEMS
            require(len(value) <= most, f"len({here})", len(value), english(AT_MOST, most=most))
            if not _is_map(field):
                _check_all(field, value, here)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            _check_message(field, value, here)
        else:
            _check_all(field, [value], here)


def check_fit(found: object, descriptor: Any) -> None:
    """Check that parsed JSON has the shape of a message. Raises Fault, with the first misfit."""
    for misfit in misfits(found, descriptor, "", strict=False):
        raise Fault(misfit)


def misfits(found: object, descriptor: Any, path: str, *, strict: bool) -> Iterator[Sentence]:
    """Yield what in parsed JSON is no mapping of a message of this type, at any depth.

    ``strict``: also fields and enumerations' values that the type does not have, because a later
    version wrote them.
    """
    if not isinstance(found, Mapping):
        yield english(IS, field=path or english(WHOLE), value=shown(found), wanted=english(OBJECT))
        return
    for name, value in found.items():
        here = f"{path}.{name}" if path else name
        field = descriptor.fields_by_name.get(name) or descriptor.fields_by_camelcase_name.get(name)
        if field is None:
            if strict:
                yield english(_NO_FIELD, field=here)
            continue
        several = field.is_repeated and isinstance(value, list)
        for index, each in enumerate(value if several else [value]):
            place = f"{here}[{index}]" if several else here
            if field.message_type is not None:
                if not (_is_map(field) or field.message_type.full_name.startswith(_OWN_MAPPINGS)):
                    yield from misfits(each, field.message_type, place, strict=strict)
            elif field.enum_type is None:
                break
            elif strict and not _is_of(field.enum_type, each):
                yield english(_NO_VALUE, field=place, value=shown(each))


def _is_of(enum: Any, value: object) -> bool:
    return value in [*enum.values_by_name, *enum.values_by_number]


def _check_all(field: Any, values: Iterable[Any], path: str) -> None:
    if field.type in _OPAQUE or (field.type in _FLOATS and field.name in _MAY_DIVERGE):
        return
    for index, value in enumerate(values):
        here = f"{path}[{index}]" if field.is_repeated else path
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            _check_message(field, value, here)
        elif field.type == FieldDescriptor.TYPE_ENUM:
            known = field.enum_type.values_by_number
            if value not in known:
                names = ", ".join(each.name for number, each in known.items() if number)
                require(False, here, value, english(ONE_OF, known=names))
        elif field.type in _FLOATS:
            _check_float(field.name, value, here)
        else:
            require_from(here, value, 0, _MOST)


def _check_float(name: str, value: float, path: str) -> None:
    require(math.isfinite(value), path, value, english(_FINITE))
    if name in _FRACTIONS:
        sound = 0 <= value <= 1 + _ROUNDING
        require(sound, path, value, english(FROM, low=0, high=1))
    elif name in _SIGNED:
        require_from(path, value, -_LARGEST, _LARGEST)
    else:
        require_from(path, value, 0, _LARGEST)


def _check_message(field: Any, value: Any, path: str) -> None:
    if isinstance(value, Duration):
        _check_duration(field.name, value, path)
    elif isinstance(value, Timestamp):
        sound = 0 <= value.seconds <= _LAST_SECOND and 0 <= value.nanos <= _NANOS
        require(sound, path, value.seconds, english(_A_DATE))
    else:
        check(value, path)


def _check_duration(name: str, value: Duration, path: str) -> None:
    least = -_MOST_SECONDS if name in _SIGNED_TIMES else 0
    same_sign = value.seconds * value.nanos >= 0
    sound = least <= value.seconds <= _MOST_SECONDS and abs(value.nanos) <= _NANOS and same_sign
    if least == 0:
        sound = sound and value.nanos >= 0
    require(sound, path, f"{seconds(value):g} s", english(_A_TIME))


def seconds(duration: Duration) -> float:
    return float(duration.seconds) + duration.nanos / 1e9


def _is_map(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and bool(kind.GetOptions().map_entry)
