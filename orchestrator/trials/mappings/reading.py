"""JSON files -> the dataclasses that `stored` wrote there, each field checked by its type.

A file may have been damaged, or written by another version: a field that the dataclass lacks is
ignored, and one that the file lacks has its default, or is None where None has a meaning.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
from twinrun.contract.spec import JobSpec

from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.trials.mappings.faults import OBJECT, ONE_OF, WHOLE, Fault, require
from orchestrator.trials.mappings.stored import sentence, sentences
from orchestrator.trials.spec import spec_from_mapping

_DAMAGED = Phrase(
    "{file} cannot be read: {what}. Restore the file, make the run again, or use the version of "
    "Twinrun that made it."
)
_AT = Phrase("{file}, at {place},")
_MISSING = Phrase("{field} is missing")
_LIST, _TEXT = Phrase("a list"), Phrase("a text")
_NUMBER, _INTEGER = Phrase("a number"), Phrase("a whole number")
_TRUTH = Phrase("true or false")
_LARGEST = 1e300  # beyond it, sums and products of numbers are infinite
T = TypeVar("T")


def read(kind: type[T], found: object, file: str) -> T:
    """Build the dataclass ``kind`` from parsed JSON; null, where a number must be, is infinite.

    Raises RunUnreadable, which names ``file``, the place in it, and what is wrong there.
    """
    try:
        return _dataclass(kind, found, "", file)
    except Fault as fault:
        raise RunUnreadable(english(_DAMAGED, file=file, what=fault.what)) from fault


def _dataclass(kind: type[T], found: object, place: str, file: str) -> T:
    fields, given = typing.cast(Any, kind), dict[str, object]()
    mapping, hints = _object(found, place), typing.get_type_hints(kind)
    for field in dataclasses.fields(fields):
        hint, here = hints[field.name], f"{place}.{field.name}" if place else field.name
        if field.name in mapping:
            given[field.name] = _field(hint, mapping, field.name, here, file)
        elif field.default is field.default_factory is dataclasses.MISSING:
            if type(None) not in typing.get_args(hint):
                raise Fault(english(_MISSING, field=here))
            given[field.name] = None
    return typing.cast(T, fields(**given))


def _field(hint: Any, mapping: Mapping[str, object], name: str, place: str, file: str) -> object:
    """Return the value of a field; of a sentence with its parts, which are beside it."""
    value, parts = mapping[name], typing.get_args(hint)
    if value is None and type(None) in parts:
        return None
    bare = parts[0] if typing.get_origin(hint) is types.UnionType else hint
    if bare is Sentence:
        _text(value, place)
        return sentence(mapping, name)
    if bare == Sequence[Sentence]:
        for index, each in enumerate(_list(value, place)):
            _text(each, f"{place}[{index}]")
        return sentences(mapping, name)
    return _value(bare, value, place, file)


def _value(hint: Any, value: object, place: str, file: str) -> object:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint is object:
        return value
    if hint is JobSpec:
        return spec_from_mapping(value, english(_AT, file=file, place=place))
    if dataclasses.is_dataclass(hint):
        return _dataclass(typing.cast(type[object], hint), value, place, file)
    if origin is np.ndarray:
        return np.array([_number(each, f"{place}[{i}]") for i, each in _items(value, place)])
    if origin is Mapping:
        mapping = _object(value, place)
        return {name: _value(parts[1], v, f"{place}.{name}", file) for name, v in mapping.items()}
    if origin in (Sequence, tuple):
        inner = (_value(parts[0], each, f"{place}[{i}]", file) for i, each in _items(value, place))
        return tuple(inner) if origin is tuple else list(inner)
    return _plain(hint, value, place)


def _plain(hint: Any, value: object, place: str) -> object:
    if hint is float:
        return _number(value, place)
    if hint in (bool, int):
        require(type(value) is hint, place, value, english(_TRUTH if hint is bool else _INTEGER))
        return value
    text = _text(value, place)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        known = [each.value for each in hint]
        require(text in known, place, text, english(ONE_OF, known=", ".join(known)))
        return hint(text)
    return text


def _object(value: object, place: str) -> Mapping[str, object]:
    require(isinstance(value, dict), place or english(WHOLE), value, english(OBJECT))
    return typing.cast(Mapping[str, object], value)


def _list(value: object, place: str) -> Sequence[object]:
    require(isinstance(value, list), place, value, english(_LIST))
    return typing.cast(Sequence[object], value)


def _items(value: object, place: str) -> "enumerate[object]":
    return enumerate(_list(value, place))


def _text(value: object, place: str) -> str:
    require(isinstance(value, str), place, value, english(_TEXT))
    return typing.cast(str, value)


def _number(value: object, place: str) -> float:
    """Return a number from JSON, which has no infinity."""
    if value is None:
        return math.inf
    sound = isinstance(value, int | float) and not isinstance(value, bool)
    require(sound and abs(typing.cast(float, value)) <= _LARGEST, place, value, english(_NUMBER))
    return float(typing.cast(float, value))
