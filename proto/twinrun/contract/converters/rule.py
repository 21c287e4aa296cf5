"""The one rule by which a message and a dataclass represent each other, in both directions.

Both have the same name and the same fields. ``x_seconds`` is the Duration ``x_duration``, an enum's
member ``FOO`` of ``Bar`` is ``BAR_FOO``, a `Failure` is the `google.rpc.Status` ``error``, and a
union of dataclasses is a message with a oneof ``kind``. So a new field needs no code here.
"""

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from twinrun.contract.converters.failures import failure_from_status, failure_to_status
from twinrun.contract.events import Failure
from twinrun.contract.violation import Violation

T = TypeVar("T")


class Unreadable(ValueError):
    """A message that corresponds to no dataclass; ``violations`` name every field at fault."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{bad.field} {bad.message}" for bad in violations))
        self.violations = tuple(violations)


# ---------------------------------------------------------------------------- message -> dataclass


class Reader:
    """Reads messages into dataclasses; records invalid fields and replaces them with valid values.

    ``has_defaults``: an unset field takes its dataclass's default, or is invalid if there is none,
    as in a spec, and a field that is not known is invalid. Otherwise it is the zero of its type, as
    in an event.
    """

    def __init__(self, *, has_defaults: bool) -> None:
        self.violations: list[Violation] = []
        self._has_defaults = has_defaults

    def read(
        self, message: Message, cls: type[T], path: str, defaults: Mapping[str, Any] | None = None
    ) -> T:
        """Read a ``cls``; ``defaults`` take precedence over its fields' own.

        ``path`` is the message's.
        """
        values = dict(defaults or {})
        if self._has_defaults:
            self._refuse_unknown(message, path)
        for field in _fields(cls, message.DESCRIPTOR):  # type: ignore[arg-type] # python/mypy#11470
            if field.wire is None:
                values[field.name] = self._union(message, field.hint, path)
            elif _is_set(message, field.wire) or not (self._has_defaults or field.is_optional):
                values[field.name] = self._value(message, field, _join(path, field.wire.name))
            elif not self._has_defaults:
                values[field.name] = None
            elif field.name not in values and field.default is dataclasses.MISSING:
                bad = Violation(_join(path, field.wire.name), "is not set; it is required")
                self.violations.append(bad)
                values[field.name] = _stand_in(field.hint)
        return cls(**values)

    def _refuse_unknown(self, message: Message, path: str) -> None:
        """Record fields of a later version, of which a message keeps only the numbers."""
        unknown: Any = UnknownFieldSet(message)
        for each in unknown:
            what = f"has the field number {each.field_number}, which this version does not know"
            self.violations.append(Violation(path or message.DESCRIPTOR.name, what))

    def _value(self, message: Message, field: "_Field", path: str) -> Any:
        value, enum = getattr(message, field.wire.name), field.wire.enum_type
        if field.origin is tuple:
            return self._repeated(enum, value, typing.get_args(field.hint)[0], path)
        if field.origin is dict:
            return dict(value)
        if enum is not None:
            return self._enum(enum, value, field.hint, path, field.default)
        if isinstance(value, Duration):
            return value.ToNanoseconds() / 1e9
        if field.hint is Failure:
            return failure_from_status(value)
        if isinstance(value, Message):
            return self._message(value, field.hint, path)
        return value

    def _repeated(self, enum: Any, values: Any, element: Any, path: str) -> tuple[Any, ...]:
        if enum is not None:
            return tuple(self._enum(enum, v, element, f"{path}[{i}]") for i, v in enumerate(values))
        if not _is_message(element):
            return tuple(values)
        return tuple(self._message(v, element, f"{path}[{i}]") for i, v in enumerate(values))

    def _message(self, message: Message, hint: Any, path: str) -> Any:
        if dataclasses.is_dataclass(hint):
            return self.read(message, typing.cast(type[Any], hint), path)
        return self._union(message, hint, path)

    def _union(self, message: Message, union: Any, path: str) -> Any:
        """Return the dataclass of the case that is set in the message's oneof ``kind``."""
        case = message.WhichOneof("kind")
        if case is None:
            known = [field.name for field in message.DESCRIPTOR.oneofs_by_name["kind"].fields]
            self.violations.append(
                Violation(path, f"has no kind that is known; give one of {', '.join(known)}")
            )
            return _stand_in(union)
        inner = getattr(message, case)
        return self.read(inner, by_name(union)[inner.DESCRIPTOR.name], f"{path}.{case}")

    def _enum(
        self,
        enum: Any,
        number: int,
        cls: type[StrEnum],
        path: str,
        default: Any = dataclasses.MISSING,
    ) -> StrEnum:
        value = enum.values_by_number.get(number)
        if value is not None and number:
            return cls[value.name.removeprefix(_prefix(enum.name))]
        known = ", ".join(v.name for v in enum.values if v.number)
        self.violations.append(Violation(path, f"is {number}; known are {known}"))
        return typing.cast(StrEnum, _stand_in(cls) if default is dataclasses.MISSING else default)


def _is_set(message: Message, field: Any) -> bool:
    return (
        message.HasField(field.name) if field.has_presence else bool(getattr(message, field.name))
    )


def _is_message(hint: Any) -> bool:
    return dataclasses.is_dataclass(hint) or isinstance(hint, types.UnionType)


def _stand_in(hint: Any) -> Any:
    """Return a valid value of the type, so that the rest of an invalid message can be checked."""
    if isinstance(hint, types.UnionType):
        return _stand_in(typing.get_args(hint)[0])
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        required = (f for f in dataclasses.fields(hint) if f.default is dataclasses.MISSING)
        return typing.cast(Any, hint)(**{f.name: _stand_in(hints[f.name]) for f in required})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return next(iter(hint))
    if typing.get_origin(hint) is tuple:
        return ()
    return hint(1)


# ---------------------------------------------------------------------------- dataclass -> message


def write(value: Any, message: Message) -> None:
    """Set every field of ``message`` from the dataclass; None stays unset."""
    message.SetInParent()
    own = type(value).__name__ == message.DESCRIPTOR.name  # one of its kinds may have kinds too
    if "kind" in message.DESCRIPTOR.oneofs_by_name and not own:
        _write_case(value, message)
        return
    for field in _fields(type(value), message.DESCRIPTOR):  # type: ignore[arg-type] # as above
        content = getattr(value, field.name)
        if field.wire is None:
            _write_case(content, message)
        elif content is not None:
            _write_field(content, field.wire, message)


def _write_case(value: Any, message: Message) -> None:
    """Set the case of the oneof ``kind`` that is named like the value's class."""
    write(value, getattr(message, case_of(value, message, "kind")))


def case_of(value: object, message: Message, oneof: str) -> str:
    """Find the case for a value's class. Raises TypeError if the message has none."""
    for field in message.DESCRIPTOR.oneofs_by_name[oneof].fields:
        kind = field.message_type
        if kind is not None and kind.name == type(value).__name__:
            return field.name
    raise TypeError(f"{message.DESCRIPTOR.name} has no case for {type(value).__name__}")


def _write_field(value: Any, wire: Any, message: Message) -> None:
    name: str = wire.name
    if isinstance(value, Failure):
        getattr(message, name).CopyFrom(failure_to_status(value))
    elif isinstance(value, StrEnum):
        setattr(message, name, _number(value, wire))
    elif isinstance(value, tuple):
        _write_repeated(value, wire, getattr(message, name))
    elif isinstance(value, dict):
        getattr(message, name).update(value)
    elif dataclasses.is_dataclass(value):
        write(value, getattr(message, name))
    elif wire.message_type is not None:
        getattr(message, name).FromNanoseconds(round(value * 1e9))
    else:
        setattr(message, name, value)


def _write_repeated(values: tuple[Any, ...], wire: Any, repeated: Any) -> None:
    if wire.message_type is not None:
        for value in values:
            write(value, repeated.add())
    elif wire.enum_type is not None:
        repeated.extend(_number(member, wire) for member in values)
    else:
        repeated.extend(values)


def _number(member: StrEnum, wire: Any) -> int:
    name = _prefix(wire.enum_type.name) + member.name
    number: int = wire.enum_type.values_by_name[name].number
    return number


# ------------------------------------------------------------------------------- in both directions


def _proto_name(name: str) -> str:
    """Return the name of a dataclass's field in its message."""
    if name == "failure":
        return "error"
    return re.sub(r"(^|_)seconds$", r"\1duration", name)


@functools.cache
def _prefix(enum_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", enum_name).upper() + "_"


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    """A dataclass's field: its type without None, and its descriptor (None for a union's oneof)."""

    name: str
    hint: Any
    origin: Any
    is_optional: bool
    default: Any
    wire: Any


@functools.cache
def _fields(cls: type[Any], descriptor: Any) -> tuple[_Field, ...]:
    """Return the fields of a dataclass together with those of its message."""
    hints = typing.get_type_hints(cls)
    return tuple(_field(each, hints[each.name], descriptor) for each in dataclasses.fields(cls))


def _field(field: dataclasses.Field[Any], hint: Any, descriptor: Any) -> _Field:
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else ()
    is_optional = type(None) in kinds
    bare = kinds[0] if is_optional else hint
    is_oneof = field.name in descriptor.oneofs_by_name
    wire = None if is_oneof else descriptor.fields_by_name[_proto_name(field.name)]
    made = field.default_factory
    default = field.default if made is dataclasses.MISSING else made()
    return _Field(field.name, bare, typing.get_origin(bare), is_optional, default, wire)


@functools.cache
def by_name(union: Any) -> Mapping[str, type[Any]]:
    """Return the classes of a union by name."""
    return {cls.__name__: cls for cls in typing.get_args(union)}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
