"""What is wrong with a message, field by field."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One bad field: its path as in the proto, and what is wrong, with the value and the remedy."""

    field: str
    message: str
