"""How names and numbers are written for people."""

import math

_LABELS = {"pytorch": "PyTorch", "tensorflow": "TensorFlow"}


def label(framework: str) -> str:
    """A framework's own spelling of its name."""
    return _LABELS.get(framework, framework)


def number(value: float) -> str:
    """Three significant digits, without an exponent where a person would write none."""
    if not math.isfinite(value):
        return str(value)
    if value == 0 or abs(value) < 0.0005:
        return f"{value:.2g}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


def percent(fraction: float) -> str:
    """A fraction of 1 as a percentage, to 0.01."""
    return f"{100 * fraction:.2f} %"


def memory(size_bytes: float) -> str:
    """Bytes, in powers of ten."""
    return f"{number(size_bytes / 1e9)} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"
