"""Proto <-> dataclass, nothing else.

A dataclass and its message have the same name and the same fields, so that one rule serves all:
``x_seconds`` is the Duration ``x_duration``, an enum member ``FOO`` of ``Bar`` is ``BAR_FOO``, a
union of dataclasses is a message with a oneof ``kind``.
"""

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from twinrun.contract.converters.failures import failure_to_status
from twinrun.contract.events import Environment, Event, Failure
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation
from twinrun.v1 import job_pb2

from services.data import catalog
from services.errors import InvalidRequest
from services.model import shapes
from services.runner.validation import value_violations

_MOST_LAYERS = 1000

# ------------------------------------------------------------------------------- proto -> spec


def spec_from_proto(
    message: job_pb2.JobSpec, available_cpus: int, default_threads: int | None = None
) -> JobSpec:
    """The spec with every default filled in; ``default_threads`` where none are given, else all.

    Raises InvalidRequest, which names every bad field at once.
    """
    if len(message.layers) > _MOST_LAYERS:  # before time goes into reading each
        raise InvalidRequest(
            [
                Violation(
                    "layers", f"has {len(message.layers)} layers; at most {_MOST_LAYERS} are taken"
                )
            ]
        )
    reader = _Reader()
    defaults = {"threads": default_threads or available_cpus}
    spec: JobSpec = reader.read(message, JobSpec, "", defaults=defaults)
    # What was put in place of an unset message is not the client's to mend.
    unset = tuple(f"{violation.field}." for violation in reader.violations)
    found = [
        violation
        for violation in (*value_violations(spec), *catalog.violations(spec.dataset))
        if not violation.field.startswith(unset)
    ]
    found = [*reader.violations, *found]
    if spec.threads > available_cpus:
        found.append(
            Violation("threads", f"is {spec.threads}; this runner may use {available_cpus} CPUs")
        )
    bad = {violation.field for violation in found}
    if not any(field.startswith(("dataset", "layers")) for field in bad):
        sizes = catalog.info(spec.dataset)
        misfits = list(shapes.violations(spec.layers, sizes.shape, sizes.classes))
        found += misfits or shapes.size_violations(spec.layers, sizes.shape)
    if found:
        raise InvalidRequest(
            list({violation.field: violation for violation in found[::-1]}.values())[::-1]
        )
    return spec


class _Reader:
    """Reads messages into dataclasses; notes what is bad and puts something valid in its place."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def read(
        self, message: Message, cls: Any, path: str, defaults: Mapping[str, Any] | None = None
    ) -> Any:
        hints = typing.get_type_hints(cls)
        values = dict(defaults or {})
        for field in dataclasses.fields(cls):
            here = f"{path}.{field.name}" if path else field.name
            required = field.name not in values and field.default is dataclasses.MISSING
            if field.name in message.DESCRIPTOR.oneofs_by_name:
                values[field.name] = self._union(message, hints[field.name], path)
            elif _is_set(message, field.name):
                values[field.name] = self._value(
                    message, field.name, hints[field.name], here, field.default
                )
            elif required:
                self.violations.append(Violation(here, "is not set; it is required"))
                values[field.name] = _stand_in(hints[field.name])
        return cls(**values)

    def _value(self, message: Message, name: str, hint: Any, path: str, default: Any) -> Any:
        value = getattr(message, name)
        enum = message.DESCRIPTOR.fields_by_name[name].enum_type
        if typing.get_origin(hint) is tuple:
            element = typing.get_args(hint)[0]
            read = functools.partial(self._enum, enum) if enum else self._union
            return tuple(read(v, element, f"{path}[{i}]") for i, v in enumerate(value))
        if enum is not None:
            return self._enum(enum, value, hint, path, default)
        if isinstance(value, Message):
            if "kind" in value.DESCRIPTOR.oneofs_by_name and not dataclasses.is_dataclass(hint):
                return self._union(value, hint, path)
            return self.read(value, hint, path)
        return value

    def _union(self, message: Message, union: Any, path: str) -> Any:
        """The dataclass of the case that is set in the message's oneof ``kind``."""
        case = message.WhichOneof("kind")
        if case is None:
            known = [field.name for field in message.DESCRIPTOR.oneofs_by_name["kind"].fields]
            self.violations.append(
                Violation(path, f"has no kind that is known; give one of {', '.join(known)}")
            )
            return _stand_in(union)
        inner = getattr(message, case)
        by_name = {cls.__name__: cls for cls in typing.get_args(union)}
        return self.read(inner, by_name[inner.DESCRIPTOR.name], f"{path}.{case}")

    def _enum(
        self,
        enum: Any,
        number: int,
        cls: type[StrEnum],
        path: str,
        default: Any = dataclasses.MISSING,
    ) -> StrEnum:
        prefix = _prefix(enum.name)
        value = enum.values_by_number.get(number)
        if value is not None and number:
            return cls[value.name.removeprefix(prefix)]
        known = ", ".join(v.name for v in enum.values if v.number)
        self.violations.append(Violation(path, f"is {number}; this runner knows {known}"))
        return typing.cast(StrEnum, _stand_in(cls) if default is dataclasses.MISSING else default)


def _is_set(message: Message, name: str) -> bool:
    field = message.DESCRIPTOR.fields_by_name[name]
    return message.HasField(name) if field.has_presence else bool(getattr(message, name))


def _stand_in(hint: Any) -> Any:
    """A valid value of the type, so that the rest of a bad message can be judged too."""
    if isinstance(hint, types.UnionType):
        return typing.get_args(hint)[0]()
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        required = (f for f in dataclasses.fields(hint) if f.default is dataclasses.MISSING)
        return typing.cast(Any, hint)(**{f.name: _stand_in(hints[f.name]) for f in required})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return next(iter(hint))
    if typing.get_origin(hint) is tuple:
        return ()
    return hint(1)


def _prefix(enum_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", enum_name).upper() + "_"


# ------------------------------------------------------------------------------ dataclass -> proto


def spec_to_proto(spec: JobSpec) -> job_pb2.JobSpec:
    """The spec with every field set."""
    message = job_pb2.JobSpec()
    _write(spec, message)
    return message


def event_to_proto(event: Event) -> job_pb2.JobEvent:
    """The event in its envelope; sequence and time are the log's to set."""
    message = job_pb2.JobEvent()
    for field in message.DESCRIPTOR.oneofs_by_name["event"].fields:
        if _message_name(field) == type(event).__name__:
            _write(event, getattr(message, field.name))
            return message
    raise TypeError(f"JobEvent has no case for {type(event).__name__}")


def environment_to_proto(environment: Environment) -> job_pb2.Environment:
    message = job_pb2.Environment()
    _write(environment, message)
    return message


def _write(value: Any, message: Message) -> None:
    message.SetInParent()
    if "kind" in message.DESCRIPTOR.oneofs_by_name and not hasattr(value, "kind"):
        _write_case(value, message)
        return
    for field in dataclasses.fields(value):
        content = getattr(value, field.name)
        if isinstance(content, Failure):
            message.error.CopyFrom(failure_to_status(content))  # type: ignore[attr-defined]
        elif field.name in message.DESCRIPTOR.oneofs_by_name:
            _write_case(content, message)
        elif content is not None:
            _write_field(content, field.name, message)


def _write_case(value: Any, message: Message) -> None:
    """Set the case of the oneof ``kind`` that has the name of the value's class."""
    for field in message.DESCRIPTOR.oneofs_by_name["kind"].fields:
        if _message_name(field) == type(value).__name__:
            _write(value, getattr(message, field.name))


def _write_field(value: Any, name: str, message: Message) -> None:
    if name == "seconds" or name.endswith("_seconds"):
        getattr(message, name.removesuffix("seconds") + "duration").CopyFrom(_duration(value))
    elif isinstance(value, StrEnum):
        setattr(message, name, _number(value, message, name))
    elif isinstance(value, tuple) and value and isinstance(value[0], StrEnum):
        getattr(message, name).extend(_number(member, message, name) for member in value)
    elif isinstance(value, tuple):
        _write_repeated(value, getattr(message, name))
    elif isinstance(value, dict):
        getattr(message, name).update(value)
    elif dataclasses.is_dataclass(value):
        _write(value, getattr(message, name))
    else:
        setattr(message, name, value)


def _write_repeated(values: tuple[Any, ...], repeated: Any) -> None:
    if values and dataclasses.is_dataclass(values[0]):
        for value in values:
            _write(value, repeated.add())
    else:
        repeated.extend(values)


def _number(member: StrEnum, message: Message, name: str) -> int:
    enum: Any = message.DESCRIPTOR.fields_by_name[name].enum_type
    number: int = enum.values_by_name[_prefix(enum.name) + member.name].number
    return number


def _message_name(field: Any) -> str:
    return str(field.message_type.name)


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
