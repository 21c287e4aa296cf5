"""Errors of a message, field by field."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One invalid field: its path in the proto, and what is wrong, with value and remedy."""

    field: str
    message: str
