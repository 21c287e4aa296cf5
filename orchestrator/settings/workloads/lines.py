"""A user's own workload: reads it and reports errors with their lines."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import LINES
from orchestrator.trials.names import in_proto, short

_REFUSED = Phrase("The job was refused:")
_NOT_A_SPEC = Phrase(
    "{path} is not a job spec; it has fields such as dataset, layers and optimizer."
)

_BAD_SPEC = Phrase("{path} is not a job spec:")
_FAULT = Phrase("{field} {message}")
_AT_LINE = Phrase("  {path}:{line}: {message}")
_NO_FILE = Phrase("There is no file {path}.")
_NOT_READ = Phrase("{path} cannot be read: {error}.")
_NOT_YAML = Phrase("{path}:{line}: this is not YAML: {problem}.")
_NO_FIELD = Phrase("{field} is not a field; choose from {known}")
_NO_FIELDS = Phrase("{field} must have fields of its own; choose from {known}")
_NONE = Phrase("none: write {nothing}")
_UNFIT = Phrase("{field} is {value!r}; it must be {wanted}")
_NUMBER, _BOOL, _TEXT = Phrase("a number"), Phrase("true or false"), Phrase("text")
_OR = Phrase("{one} or {other}")

Fault = tuple[int, Sentence]  # line, message


def load(path: Path) -> dict[str, Any]:
    """Return the file's spec. Raises BadInput with everything that the proto cannot hold."""
    node = _parsed(path)
    if not isinstance(node, yaml.MappingNode):
        raise BadInput(english(_NOT_A_SPEC, path=path))
    if faults := list(_faults(node, job_pb2.JobSpec.DESCRIPTOR, "")):
        raise BadInput(_sentence(path, english(_BAD_SPEC, path=path), faults))
    spec: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return spec


def unfit(mapping: dict[str, Any]) -> list[Sentence]:
    """Return a sentence for everything in a spec that the proto cannot hold."""
    node = yaml.compose(yaml.safe_dump(mapping), yaml.SafeLoader)
    found = isinstance(node, yaml.MappingNode) and _faults(node, job_pb2.JobSpec.DESCRIPTOR, "")
    return [message for _, message in found or ()]


def located(path: Path, fields: Sequence[tuple[str, str]]) -> Sentence:
    """Return a refusal of ``fields``, path in the spec and message, with their lines."""
    known = dict(_lines(_parsed(path), ""))
    faults = []
    for field, message in fields:
        nearest = field
        while nearest and nearest not in known:  # for a missing field, where it would be
            nearest = re.sub(r"(^|\.)?[^.\[]+$|\[\d+\]$", "", nearest)
        faults.append((known.get(nearest, 1), english(_FAULT, field=field, message=message)))
    return _sentence(path, english(_REFUSED), faults)


def _sentence(path: Path, what: Sentence, faults: Sequence[Fault]) -> Sentence:
    lines = [english(_AT_LINE, path=path, line=n, message=message) for n, message in sorted(faults)]
    return join(LINES, [what, *lines])


def _parsed(path: Path) -> yaml.Node | None:
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except FileNotFoundError:
        raise BadInput(english(_NO_FILE, path=path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(english(_NOT_READ, path=path, error=error)) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(english(_NOT_YAML, path=path, line=line, problem=error.problem)) from None


def _lines(node: yaml.Node | None, path: str) -> Iterator[tuple[str, int]]:
    """Yield each field's path, as a runner names it, and its line, from 1."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = _joined(path, _snake(str(key.value)))
            yield here, key.start_mark.line + 1
            yield from _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield f"{path}[{index}]", value.start_mark.line + 1
            yield from _lines(value, f"{path}[{index}]")


def _faults(node: yaml.MappingNode, descriptor: Any, path: str) -> Iterator[Fault]:
    """Yield what does not fit a message of ``descriptor``."""
    fields = {name: f for f in descriptor.fields for name in (f.name, f.json_name)}
    for key, value in node.value:
        line, here = key.start_mark.line + 1, _joined(path, str(key.value))
        field = fields.get(str(key.value))
        if field is None:
            known = ", ".join(f.name for f in descriptor.fields)
            yield line, english(_NO_FIELD, field=here, known=known)
        elif field.message_type is None:
            yield from _unless_it_fits(field, key, value, here)
        elif isinstance(value, yaml.SequenceNode) and field.is_repeated:
            for index, element in enumerate(value.value):
                yield from _of_message(element, field.message_type, f"{here}[{index}]")
        else:
            yield from _of_message(value, field.message_type, here)


def _of_message(node: yaml.Node, descriptor: Any, path: str) -> Iterator[Fault]:
    if isinstance(node, yaml.MappingNode):
        yield from _faults(node, descriptor, path)
    else:
        known = ", ".join(f.name for f in descriptor.fields)
        fault = english(_NO_FIELDS, field=path, known=known or english(_NONE, nothing="{}"))
        yield node.start_mark.line + 1, fault


def _unless_it_fits(field: Any, key: yaml.Node, value: yaml.Node, path: str) -> Iterator[Fault]:
    mapping: dict[str, Any] = {field.name: yaml.safe_load(yaml.serialize(value))}
    message = field.containing_type
    try:
        json_format.ParseDict(in_proto(mapping, message), GetMessageClass(message)())
    except json_format.ParseError:
        wanted = english(_NUMBER)
        if field.enum_type is not None:
            wanted = join(_OR, short(field.enum_type))
        elif field.type in (field.TYPE_BOOL, field.TYPE_STRING):
            wanted = english(_BOOL if field.type == field.TYPE_BOOL else _TEXT)
        value_given = mapping[field.name]
        fault = english(_UNFIT, field=path, value=value_given, wanted=wanted)
        yield key.start_mark.line + 1, fault


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _snake(name: str) -> str:
    """Return a field's name in the proto from its name in JSON."""
    return re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
