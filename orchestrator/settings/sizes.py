"""Sizes of memory as a user writes them."""

import re

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_NO_SIZE = Phrase("{flag} takes a size, such as 4GB, 512MiB or 2.5 GB; it was given {text!r}.")
_UNITS = {
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


def bytes_of(flag: str, text: str) -> int:
    """Parse ``4GB`` (powers of ten) or ``512MiB`` (powers of two). Raises BadInput."""
    match = _SIZE.fullmatch(text.strip().lower())
    unit = _UNITS.get(match[2]) if match else None
    size = int(float(match[1]) * unit) if match and unit else 0
    if not 0 < size < 2**60:
        raise BadInput(english(_NO_SIZE, flag=flag, text=text))
    return size
