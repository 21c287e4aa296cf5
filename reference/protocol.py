"""The page of the protocol, from the comments in its files."""

import tempfile
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

import google.rpc
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from grpc_tools import protoc

from reference.text import cell, table

_PROTO = Path(__file__).parents[1] / "proto"
_PACKAGE = ".twinrun.v1."
_INTRODUCTION = """# The protocol

Package `twinrun.v1`, from its files. [A runner and its service](../runner.md) says how it is used,
[Every error](../errors.md) what may come back.
"""
# Numbers of fields in descriptor.proto, of which a comment's place is made.
_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6
_FIELDS, _NESTED, _NESTED_ENUMS, _VALUES, _METHODS = 2, 3, 4, 2, 2

Comments = dict[tuple[int, ...], str]


def page() -> str:
    parts = [_INTRODUCTION]
    files = _files()
    for file in reversed(files):  # the service first, then what it is made of
        comments = {
            tuple(place.path): (place.leading_comments or place.trailing_comments).strip()
            for place in file.source_code_info.location
        }
        parts += _services(file, comments)
        for index, message in enumerate(file.message_type):
            parts += _message(message, message.name, (_MESSAGES, index), comments)
        for index, enum in enumerate(file.enum_type):
            parts += _enum(enum, enum.name, (_ENUMS, index), comments)
    return "\n\n".join(part for part in parts if part) + "\n"


def _files() -> Sequence[descriptor_pb2.FileDescriptorProto]:
    """Return the project's own files, in the order of their imports."""
    rpc = Path(next(iter(google.rpc.__path__))).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "set"
        names = [str(path) for path in sorted(_PROTO.rglob("*.proto"))]
        code = protoc.main(
            [
                *("protoc", f"-I{_PROTO}", f"-I{rpc}"),
                f"-I{resources.files('grpc_tools') / '_proto'}",
                *("--include_source_info", f"--descriptor_set_out={made}", *names),
            ]
        )
        if code:
            raise SystemExit(code)
        return descriptor_pb2.FileDescriptorSet.FromString(made.read_bytes()).file


def _services(file: descriptor_pb2.FileDescriptorProto, comments: Comments) -> Iterator[str]:
    for number, service in enumerate(file.service):
        place = (_SERVICES, number)
        yield f"## {service.name}"
        yield comments.get(place, "")
        for index, method in enumerate(service.method):
            stream = "stream " if method.server_streaming else ""
            yield f"### {method.name}"
            yield f"{_link(method.input_type)} → {stream}{_link(method.output_type)}"
            yield comments.get((*place, _METHODS, index), "")


def _message(
    message: DescriptorProto, name: str, place: tuple[int, ...], comments: Comments
) -> Iterator[str]:
    yield f"## {name}"
    yield comments.get(place, "")
    rows = [
        (f"`{field.name}`", _type(field, message), cell(comments.get((*place, _FIELDS, index), "")))
        for index, field in enumerate(message.field)
    ]
    if rows:
        yield table(("field", "type", ""), rows)
    for index, nested in enumerate(message.nested_type):
        if not nested.options.map_entry:
            inner = (*place, _NESTED, index)
            yield from _message(nested, f"{name}.{nested.name}", inner, comments)
    for index, enum in enumerate(message.enum_type):
        yield from _enum(enum, f"{name}.{enum.name}", (*place, _NESTED_ENUMS, index), comments)


def _enum(
    enum: EnumDescriptorProto, name: str, place: tuple[int, ...], comments: Comments
) -> Iterator[str]:
    yield f"## {name}"
    yield comments.get(place, "")
    yield table(
        ("value", ""),
        [
            (f"`{value.name}`", cell(comments.get((*place, _VALUES, index), "")))
            for index, value in enumerate(enum.value)
        ],
    )


def _type(field: Field, message: DescriptorProto) -> str:
    """Return the type with its label: repeated, optional, or part of a oneof."""
    for nested in message.nested_type:
        if nested.options.map_entry and field.type_name.endswith(f".{nested.name}"):
            key, value = nested.field
            return f"map of {_one(key)} to {_one(value)}"
    if field.label == Field.LABEL_REPEATED:
        return f"repeated {_one(field)}"
    if field.proto3_optional:
        return f"optional {_one(field)}"
    if field.HasField("oneof_index"):
        return f"{_one(field)}, one of `{message.oneof_decl[field.oneof_index].name}`"
    return _one(field)


def _one(field: Field) -> str:
    if field.type_name:
        return _link(field.type_name)
    return Field.Type.Name(field.type).removeprefix("TYPE_").lower()


def _link(type_name: str) -> str:
    """Return a link to the type on the page, if it is the project's."""
    if not type_name.startswith(_PACKAGE):
        return f"`{type_name.removeprefix('.')}`"
    name = type_name.removeprefix(_PACKAGE)
    return f"[{name}](#{name.replace('.', '').lower()})"
