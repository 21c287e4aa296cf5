"""Numbers that JSON can hold."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def finite(value: Any) -> Any:
    """The same with None for every number in it that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def record(schema: str, found: "DataclassInstance") -> dict[str, Any]:
    """All that it has, for a file that says by which ``schema`` it is written."""
    made: dict[str, Any] = finite({"schema": schema, **asdict(found)})
    return made
