"""Names of enums' values in a job spec: ``relu`` is ACTIVATION_FUNCTION_RELU in the proto."""

import re
from pathlib import PurePath
from typing import Any

from twinrun.contract.spec import Dataset
from twinrun.v1 import job_pb2


def data_title(dataset: Dataset | job_pb2.Dataset) -> str:
    """Return what people call the data: the name of a user's file, or of the dataset."""
    path = dataset.file.path if dataset.file else ""
    return PurePath(path).name or dataset.name


def whole(enum: Any, name: str) -> str:
    """Return the proto's name of the value that ``name`` means; unchanged if there is none.

    ``enum``: its descriptor in the proto.
    """
    found = f"{_prefix(enum)}{name}".upper()
    return found if found in enum.values_by_name else name


def short(enum: Any) -> list[str]:
    """Return the short names of the values that a spec may give."""
    prefix = _prefix(enum)
    return [value.name.removeprefix(prefix).lower() for value in enum.values if value.number]


def in_proto(mapping: Any, descriptor: Any) -> Any:
    """Return a message's JSON mapping with each enum's value under the proto's name.

    ``descriptor``: of the message. What does not fit it is returned unchanged.
    """
    if not isinstance(mapping, dict):
        return mapping
    fields = {name: f for f in descriptor.fields for name in (f.name, f.json_name)}
    return {
        name: _value(value, fields[name]) if name in fields else value
        for name, value in mapping.items()
    }


def _value(value: Any, field: Any) -> Any:
    if isinstance(value, list):
        return [_value(each, field) for each in value]
    if field.message_type is not None:
        return in_proto(value, field.message_type)
    if field.enum_type is not None and isinstance(value, str):
        return whole(field.enum_type, value)
    return value


def _prefix(enum: Any) -> str:
    return re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", enum.name).upper() + "_"
