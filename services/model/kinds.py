"""What is found by its kind: a mapping that lacks none, or an error at import."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

Kind = TypeVar("Kind")
Found = TypeVar("Found")


def complete(
    place: str, kinds: Iterable[Kind], found: Mapping[Kind, Found]
) -> Mapping[Kind, Found]:
    """Return ``found``, which has all ``kinds``. Raises TypeError: what the ``place`` lacks."""
    lacking = [str(getattr(kind, "__name__", kind)) for kind in kinds if kind not in found]
    if lacking:
        raise TypeError(f"{place} lacks {', '.join(lacking)}")
    return found
