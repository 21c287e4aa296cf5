"""Results in JSON files: numbers that JSON can hold, and each sentence in its parts.

A sentence is stored as English text under its own name, for readers of the file, and under ``said``
in its parts, from which it can be rendered in another language.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from twinrun.contract.spec import JobSpec

from orchestrator.language.phrases import Sentence, kept, stored, told
from orchestrator.trials.spec import spec_mapping

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_SAID = "said"
_OLDER = "sentence"  # the only sentence that `said` described, without its name


def as_json(fields: Mapping[str, object]) -> dict[str, object]:
    """Write a mapping for JSON; None replaces what is not finite."""
    parts_by_name = {
        name: parts for name, value in fields.items() if (parts := _parts(value)) is not None
    }
    mapping = {name: _plain(value) for name, value in fields.items()}
    return {**mapping, _SAID: parts_by_name} if parts_by_name else mapping


def fields_of(value: "DataclassInstance") -> dict[str, object]:
    """Return the fields of a dataclass, by name."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def sentence(found: Mapping[str, object], name: str) -> Sentence:
    """Read a sentence that `as_json` wrote under ``name``.

    It is only in English if an earlier version wrote it. Raises KeyError, TypeError.
    """
    return _told(_said(found, name), found[name])


def sentences(found: Mapping[str, object], name: str) -> list[Sentence]:
    """Read a list of sentences, as `sentence` does."""
    texts, parts = found[name], _said(found, name)
    if not isinstance(texts, Sequence) or isinstance(texts, str):
        raise TypeError(texts)
    whole = isinstance(parts, Sequence) and len(parts) == len(texts)
    return [
        _told(parts[index] if whole and isinstance(parts, Sequence) else None, text)
        for index, text in enumerate(texts)
    ]


def _told(parts: object, text: object) -> Sentence:
    if not isinstance(text, str):
        raise TypeError(text)
    return stored(text) if parts is None else told(parts, text)


def _said(found: Mapping[str, object], name: str) -> object:
    parts = found.get(_SAID)
    if not isinstance(parts, Mapping):
        return None
    if "phrase" in parts:
        return parts if name == _OLDER else None
    return parts.get(name)


def _parts(value: object) -> object:
    if isinstance(value, Sentence):
        return kept(value)
    if isinstance(value, list | tuple) and value:
        is_told = all(isinstance(each, Sentence) for each in value)
        return [kept(each) for each in value] if is_told else None
    return None


def _plain(value: object) -> object:
    if isinstance(value, JobSpec):
        return spec_mapping(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return as_json(fields_of(value))
    if isinstance(value, Mapping):
        return as_json(value)
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Sentence) else value
