"""Texts from others, made harmless: they cannot move a cursor, set colours, or forge a line."""

import functools
import re
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2

MOST_CHARACTERS = 2_000
# A framework's own text of a model has several lines, and so has a program.
_WITH_LINES = {
    "twinrun.v1.ModelSummarized.text": 200_000,
    "twinrun.v1.TracedCase.program": 200_000,
    "twinrun.v1.TracedCase.end": 2_000,
}
_ESCAPES = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # to a terminal, up to its end
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours and the like
    r"|\x1b[ -/]*[0-~]?"
)
_BREAKS = re.compile(r"[ ]*[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]\s*")
# Control characters, marks that change the direction of writing, and noncharacters.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    r"\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
M = TypeVar("M", bound=Message)
_KINDS = {
    kind.DESCRIPTOR.full_name: kind
    for kind in (
        error_details_pb2.ErrorInfo,
        error_details_pb2.BadRequest,
        error_details_pb2.RetryInfo,
    )
}


def clean(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return one line of at most ``most`` characters, without invisible ones."""
    line = _BREAKS.sub(" ", _ESCAPES.sub("", text[: 8 * most]))
    return _cut(_UNSEEN.sub("", line).strip(), most)


def clean_lines(text: str, most: int) -> str:
    """Clean each line; line ends and indentation are kept."""
    whole = _ESCAPES.sub("", text[: 8 * most]).expandtabs().replace("\r\n", "\n")
    return _cut("\n".join(_UNSEEN.sub("", line) for line in whole.split("\n")), most)


def cleaned_json(value: Any) -> Any:
    """Return parsed JSON with its texts cleaned, which may contain line ends."""
    if isinstance(value, dict):
        return {name: cleaned_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [cleaned_json(inner) for inner in value]
    return clean_lines(value, len(value)) if isinstance(value, str) else value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}\u2026"


def clean_message(message: Message) -> None:
    """Clean every text in a message, of any field, and drop unknown details."""
    if message.DESCRIPTOR.full_name == "google.rpc.Status":
        _clean_details(message)
    field: Any
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            _clean_field(message, field, value)
        elif field.type == FieldDescriptor.TYPE_MESSAGE and _has_text(field.message_type):
            if field.message_type.GetOptions().map_entry:
                _clean_map(value)
            elif field.is_repeated:
                for each in value:
                    clean_message(each)
            else:
                clean_message(value)


def cleaned(message: M) -> M:
    """Return the message with every text cleaned; itself if it can have none."""
    if not _has_text(message.DESCRIPTOR):
        return message
    copy = type(message)()
    copy.CopyFrom(message)
    clean_message(copy)
    return copy


def _clean_field(message: Message, field: Any, value: Any) -> None:
    if field.is_repeated:
        value[:] = [clean(text) for text in value]
    elif field.full_name in _WITH_LINES:
        setattr(message, field.name, clean_lines(value, _WITH_LINES[field.full_name]))
    else:
        setattr(message, field.name, clean(value))


def _clean_map(found: Any) -> None:
    """Clean the texts of a map of texts to texts or numbers."""
    cleaned = {
        clean(key): clean(value) if isinstance(value, str) else value
        for key, value in found.items()
    }
    found.clear()
    found.update(cleaned)


def _clean_details(status: Any) -> None:
    """Keep readable details of a known kind, cleaned."""
    kept = []
    for detail in status.details:
        kind = _KINDS.get(detail.type_url.rpartition("/")[2])
        if kind is not None:
            entry = kind()
            try:
                entry.ParseFromString(detail.value)
            except DecodeError:
                continue
            clean_message(entry)
            kept.append(entry)
    del status.details[:]
    for entry in kept:
        status.details.add().Pack(entry)


@functools.cache
def _has_text(descriptor: Any) -> bool:
    """Return whether a message of this type can hold text, at any depth."""
    seen, waiting = set[str](), [descriptor]
    while waiting:
        for field in waiting.pop().fields:
            if field.type == FieldDescriptor.TYPE_STRING:
                return True
            inner = field.message_type
            if inner is not None and inner.full_name not in seen:
                seen.add(inner.full_name)
                waiting.append(inner)
    return False
