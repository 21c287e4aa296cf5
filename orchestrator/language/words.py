"""How names and numbers are written for people."""

import math
from collections.abc import Sequence
from urllib.parse import unquote

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, Sentence, english, join

# How parts are put together.
AND = Phrase("{one} and {other}")
COMMA = Phrase("{one}, {other}")
SEMICOLON = Phrase("{one}; {other}")
NEXT = Phrase("{one} {other}")
LINES = Phrase("{one}\n{other}")
KEPT = Phrase("kept in {path}")
OF = Phrase("{name}: {what}")

_STATES = {
    "pending": Phrase("pending"),
    "running": Phrase("running"),
    "succeeded": Phrase("succeeded"),
    "failed": Phrase("failed"),
    "cancelled": Phrase("cancelled"),
}


def label(side: str) -> str:
    """A framework's own spelling of its name; ``PyTorch A`` of one of two that are the same.

    ``PyTorch (execution=compiled)`` of one that changes the job.
    """
    framework, _, rest = side.partition("-")
    name = FRAMEWORKS[framework].label if framework in FRAMEWORKS else framework
    if "=" in rest:
        return f"{name} ({unquote(rest.replace(',', ', '))})"
    return f"{name} {rest.upper()}".rstrip()


def listed(names: Sequence[str]) -> Sentence:
    """``PyTorch and TensorFlow``; of more than two: ``PyTorch, TensorFlow and JAX``."""
    *before, last = names
    return join(AND, [*([join(COMMA, before)] if before else []), last])


def number(value: float) -> str:
    """To three significant digits, without an exponent where a person would write none."""
    if not math.isfinite(value):
        return str(value)
    if value == 0 or abs(value) < 0.0005:
        return f"{value:.2g}"
    rounded = float(f"{value:.3g}")
    decimals = max(0, 2 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}"


def percent(fraction: float) -> str:
    """A fraction of 1 as a percentage, to 0.01."""
    return f"{100 * fraction:.2f} %"


def memory(size_bytes: float) -> str:
    """Bytes, in powers of ten."""
    return f"{number(size_bytes / 1e9)} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"


def state_of(name: str) -> Sentence:
    """The state of that name, in words."""
    return english(_STATES.get(name, Phrase(name)))
