"""A table's row, as text."""

from collections.abc import Sequence
from dataclasses import dataclass

UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """A quantity, its value for each side, and each other side's over the baseline's where known.

    ``ratios``: none where the quantity has none. ``compared``: what the verdicts are about.
    """

    name: str
    values: Sequence[str]
    ratios: Sequence[str] = ()
    compared: bool = False


def with_ratios(rows: Sequence[Row], headings: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """The headings that are needed, and each row's name and values with its ratios behind them.

    ``headings``: of ratios, of which a row that has none leaves its cells empty.
    """
    needed = list(headings) if any(row.ratios for row in rows) else []
    empty = [""] * len(needed)
    return needed, [[row.name, *row.values, *(row.ratios or empty)] for row in rows]
