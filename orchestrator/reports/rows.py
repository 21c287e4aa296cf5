"""A table's row, as text."""

from collections.abc import Sequence
from dataclasses import dataclass

UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """A quantity, its value for each side, and the second's over the first's where it is known.

    ``compared``: the one that the verdict is about.
    """

    name: str
    values: Sequence[str]
    ratio: str = ""
    compared: bool = False
