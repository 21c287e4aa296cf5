"""The spelling of names and numbers for people."""

import math
from collections.abc import Sequence
from urllib.parse import unquote

from orchestrator.frameworks import FRAMEWORKS, parted
from orchestrator.language.phrases import Phrase, Sentence, english, join

# How parts are joined.
AND = Phrase("{one} and {other}")
COMMA = Phrase("{one}, {other}")
SEMICOLON = Phrase("{one}; {other}")
NEXT = Phrase("{one} {other}")
LINES = Phrase("{one}\n{other}")
KEPT = Phrase("kept in {path}")
OF = Phrase("{name}: {what}")

_LONGEST = 44  # characters of a value in the name of a side
_STATES = {
    "pending": Phrase("pending"),
    "running": Phrase("running"),
    "succeeded": Phrase("succeeded"),
    "failed": Phrase("failed"),
    "cancelled": Phrase("cancelled"),
}


def label(side: str) -> str:
    """Return a framework's own spelling of its name; ``PyTorch A`` if two sides have the same one.

    ``PyTorch 2.13.0`` for one of a version, ``PyTorch (execution=compiled)`` for a side that
    changes the job: the last names of the fields.
    """
    framework, rest = parted(side)
    name = FRAMEWORKS[framework].label if framework in FRAMEWORKS else framework
    parts = [part.partition("=") for part in rest.split(",") if part]
    letter = " ".join([name, *(field.upper() for field, equals, _ in parts if not equals)])
    changes = [
        f"{field.rpartition('.')[2]}={_shortened(unquote(value))}"
        for field, equals, value in parts
        if equals
    ]
    return f"{letter} ({', '.join(changes)})" if changes else letter


def with_version(side: str, version: str) -> str:
    """Return a side's label with the version that it had, once if its name says the same."""
    asked = parted(side)[1].partition(",")[0]
    if not asked[:1].isdecimal():
        return f"{label(side)} {version}"
    return label(side) if asked == version else f"{label(side)} ({version})"


def _shortened(value: str) -> str:
    value = value.replace('"', "")
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 9]}...{value[-6:]}"


def listed(names: Sequence[str]) -> Sentence:
    """List names: ``PyTorch and TensorFlow``; more than two: ``PyTorch, TensorFlow and JAX``."""
    *before, last = names
    return join(AND, [*([join(COMMA, before)] if before else []), last])


def number(value: float) -> str:
    """Write three significant digits, without an exponent where people would use none."""
    if not math.isfinite(value):
        return str(value)
    if value == 0 or abs(value) < 0.0005:
        return f"{value:.2g}"
    rounded = float(f"{value:.3g}")
    decimals = max(0, 2 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}"


def percent(fraction: float) -> str:
    """Write a fraction of 1 as a percentage, to 0.01."""
    return f"{100 * fraction:.2f} %"


def memory(size_bytes: float) -> str:
    """Write bytes, in powers of ten."""
    return f"{number(size_bytes / 1e9)} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"


def state_of(name: str) -> Sentence:
    """Return the state of that name, in words."""
    return english(_STATES.get(name, Phrase(name)))
