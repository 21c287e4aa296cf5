"""A user's own workload: reads it and reports errors with their lines."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from twinrun.contract.values import checked_spec
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import LINES
from orchestrator.settings.workloads.forms import whole
from orchestrator.settings.workloads.near import near, near_anywhere
from orchestrator.trials.mappings.names import in_proto, short

_REFUSED = Phrase("The job was refused:")
_NOT_A_SPEC = Phrase(
    "{path} is not a job spec; it has fields such as dataset, layers and optimizer."
)

_BAD_SPEC = Phrase("{path} is not a job spec:")
_FAULT = Phrase("{field} {message}")
_AT_LINE = Phrase("  {path}:{line}: {message}")
_NO_FILE = Phrase("There is no file {path}.")
_NOT_READ = Phrase("{path} cannot be read: {error}.")
_TOO_DEEP = Phrase("{path} is nested deeper than {most} levels, which no job spec is.")
_NOT_YAML = Phrase("{path}:{line}: this is not YAML: {problem}.")
_NO_FIELD = Phrase("{field} is not a field; choose from {known}")
_NO_FIELD_NEAR = Phrase("{field} is not a field; did you mean {near}?")
_NO_FIELD_OF_MANY = Phrase("{field} is not a field; docs/workloads.md describes those of a job")
_NO_FIELDS = Phrase("{field} must have fields of its own; choose from {known}")
_NO_FIELDS_NEAR = Phrase("{field} is {value!r}; did you mean {near}?")
_NONE = Phrase("none: write {nothing}")
_UNFIT = Phrase("{field} is {value!r}; it must be {wanted}")
_NUMBER, _BOOL, _TEXT = Phrase("a number"), Phrase("true or false"), Phrase("text")
_MAPPING = Phrase("a mapping of names to names, such as {{a.kernel: b.kernel}}")
_VALID = Phrase("same, or a number: 0 for 'valid'")
_OR = Phrase("{one} or {other}")
_MOST_LISTED = 10  # fields, in one line
_DEEPEST = 100  # levels of a file; layers that hold layers take half of them at most

Fault = tuple[int, str, Sentence]  # line, path of the field, message


def load(path: Path) -> dict[str, Any]:
    """Return the file's spec. Raises BadInput with everything wrong if the proto cannot hold it."""
    node = _parsed(path)
    if not isinstance(node, yaml.MappingNode):
        raise BadInput(english(_NOT_A_SPEC, path=path))
    if faults := list(_faults(node, job_pb2.JobSpec.DESCRIPTOR, "")):
        faults += _out_of_range(node, [field for _, field, _ in faults])
        raise BadInput(_sentence(path, english(_BAD_SPEC, path=path), faults))
    return _content(node)


def unfit(mapping: dict[str, Any]) -> list[Sentence]:
    """Return a sentence for everything in a spec that the proto cannot hold."""
    node = yaml.compose(yaml.safe_dump(mapping), yaml.SafeLoader)
    found = isinstance(node, yaml.MappingNode) and _faults(node, job_pb2.JobSpec.DESCRIPTOR, "")
    return [message for _, _, message in found or ()]


def located(path: Path, fields: Sequence[tuple[str, str]]) -> Sentence:
    """Return a refusal of ``fields``, path in the spec and message, with their lines."""
    return _sentence(path, english(_REFUSED), _at_lines(_parsed(path), fields))


def _at_lines(node: yaml.Node | None, fields: Iterable[tuple[str, str]]) -> list[Fault]:
    known = dict(_lines(node, ""))
    faults = []
    for field, message in fields:
        nearest = field
        while nearest and nearest not in known:  # for a missing field, where it would be
            nearest = re.sub(r"(^|\.)?[^.\[]+$|\[\d+\]$", "", nearest)
        said = english(_FAULT, field=field, message=message)
        faults.append((known.get(nearest, 1), field, said))
    return faults


def _out_of_range(node: yaml.Node, faulty: Collection[str]) -> list[Fault]:
    """Return what is wrong with the values of the other fields, beside the ``faulty`` ones."""
    mapping = _content(node)
    try:
        for field in faulty:
            *parents, last = (int(n) if n.isdigit() else n for n in re.findall(r"[^.\[\]]+", field))
            holder: Any = mapping
            for parent in parents:
                holder = holder[parent]
            holder[last] = None if isinstance(last, str) else {}  # None is as good as not there
        known = {key: value for key, value in mapping.items() if value is not None}
        known = in_proto(known, job_pb2.JobSpec.DESCRIPTOR)
        message = json_format.ParseDict(known, job_pb2.JobSpec(), ignore_unknown_fields=True)
    except (json_format.ParseError, LookupError, TypeError):  # a key such as "a.b"
        return []
    bad = [(each.field, each.message) for each in checked_spec(message, 1)[1]]
    within = tuple(f"{field}." for field in faulty)
    rest = [(field, said) for field, said in bad if not f"{field}.".startswith(within)]
    return _at_lines(node, [each for each in rest if not _holds_one(each[0], faulty)])


def _holds_one(field: str, faulty: Collection[str]) -> bool:
    """Return whether one of the ``faulty`` fields is part of it: so it seems to be not there."""
    return any(each.startswith((f"{field}.", f"{field}[")) for each in faulty)


def _content(node: yaml.Node) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(yaml.serialize(node))
    return content


def _sentence(path: Path, what: Sentence, faults: Sequence[Fault]) -> Sentence:
    ordered = sorted(faults, key=lambda fault: fault[:2])
    lines = [english(_AT_LINE, path=path, line=n, message=message) for n, _, message in ordered]
    return join(LINES, [what, *lines])


def _parsed(path: Path) -> yaml.Node | None:
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
        _require_shallow(node)
        return whole(node)
    except RecursionError:
        raise BadInput(english(_TOO_DEEP, path=path, most=_DEEPEST)) from None
    except FileNotFoundError:
        raise BadInput(english(_NO_FILE, path=path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(english(_NOT_READ, path=path, error=error)) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(english(_NOT_YAML, path=path, line=line, problem=error.problem)) from None


def _require_shallow(node: yaml.Node | None) -> None:
    """Raise RecursionError, as the parser does for very deep files, if it is too deep."""
    level = [node]
    for _ in range(_DEEPEST):
        below = (child for each in level for child in _children(each))
        level = list({id(child): child for child in below}.values())  # an alias's node once
    if level:
        raise RecursionError


def _children(node: yaml.Node | None) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


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
            yield line, here, _no_field(here, str(key.value), descriptor)
        elif field.message_type is None or _is_map(field):
            yield from _unless_it_fits(field, key, value, here)
        elif isinstance(value, yaml.SequenceNode) and field.is_repeated:
            for index, element in enumerate(value.value):
                yield from _of_message(element, field.message_type, f"{here}[{index}]")
        else:
            yield from _of_message(value, field.message_type, here)


def _is_map(field: Any) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _no_field(path: str, name: str, descriptor: Any) -> Sentence:
    known = [field.name for field in descriptor.fields]
    if meant := near(name, known) or near_anywhere(name):
        return english(_NO_FIELD_NEAR, field=path, near=meant)
    if len(known) > _MOST_LISTED:
        return english(_NO_FIELD_OF_MANY, field=path)
    return english(_NO_FIELD, field=path, known=", ".join(known))


def _of_message(node: yaml.Node, descriptor: Any, path: str) -> Iterator[Fault]:
    if isinstance(node, yaml.MappingNode):
        yield from _faults(node, descriptor, path)
        return
    value = yaml.safe_load(yaml.serialize(node))
    if meant := _meant(value, descriptor):
        fault = english(_NO_FIELDS_NEAR, field=path, value=value, near=meant)
    else:
        known = ", ".join(f.name for f in descriptor.fields)
        fault = english(_NO_FIELDS, field=path, known=known or english(_NONE, nothing="{}"))
    yield node.start_mark.line + 1, path, fault


def _meant(value: object, descriptor: Any) -> str | None:
    """Return the message that a value stands for: ``{units: 128}`` for 128 units."""
    known = {field.name: field for field in descriptor.fields}
    if isinstance(value, str) and (name := near(value, known)):
        return f"{{{name}}}" if ":" in name else f"{{{name}: {{}}}}"
    first = next(iter(known.values()), None)
    if first is None or first.has_presence or isinstance(value, dict | list):
        return None
    return f"{{{first.name}: {value}}}" if _fits(first, value) else None


def _fits(field: Any, value: object) -> bool:
    message = field.containing_type
    try:
        json_format.ParseDict(in_proto({field.name: value}, message), GetMessageClass(message)())
    except json_format.ParseError:
        return False
    return True


def _unless_it_fits(field: Any, key: yaml.Node, value: yaml.Node, path: str) -> Iterator[Fault]:
    given = yaml.safe_load(yaml.serialize(value))
    if _fits(field, given):
        return
    wanted = english(_NUMBER)
    if _is_map(field):
        wanted = english(_MAPPING)
    elif field.enum_type is not None:
        wanted = join(_OR, short(field.enum_type))
    elif field.type in (field.TYPE_BOOL, field.TYPE_STRING):
        wanted = english(_BOOL if field.type == field.TYPE_BOOL else _TEXT)
    elif field.name == "padding" and given == "valid":
        wanted = english(_VALID)
    yield key.start_mark.line + 1, path, english(_UNFIT, field=path, value=given, wanted=wanted)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _snake(name: str) -> str:
    """Return a field's name in the proto from its name in JSON."""
    return re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
