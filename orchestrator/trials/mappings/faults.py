"""What is wrong with a value: one clause that names its field, the value, and what it should be."""

import math

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.trials.text import clean

SHOWN = 60  # characters of a value
IS = Phrase("{field} is {value}, but should be {wanted}")
FROM = Phrase("a number from {low} to {high}")
ABOVE = Phrase("a number above {low} and up to {high}")
AT_LEAST = Phrase("{least} or more")
AT_MOST = Phrase("at most {most}")
OBJECT = Phrase("an object")
WHOLE = Phrase("its contents")
ONE_OF = Phrase("one of {known}")
_LARGEST, _SMALLEST = 1e6, 1e-4  # beyond these, numbers get an exponent


class Fault(Exception):
    """``what``: a clause."""

    def __init__(self, what: Sentence) -> None:
        super().__init__(what)
        self.what = what


def require(holds: bool, field: str, value: object, wanted: object) -> None:
    """Raise Fault unless it ``holds``."""
    if not holds:
        raise Fault(english(IS, field=field, value=shown(value), wanted=wanted))


def require_from(field: str, value: float, low: float, high: float) -> None:
    """Raise Fault unless ``low <= value <= high``, which NaN never satisfies."""
    if not low <= value <= high:
        require(False, field, value, english(FROM, low=shown(low), high=shown(high)))


def shown(value: object) -> str:
    """Return a value for people: one short line."""
    if isinstance(value, float):
        plain = value == 0 or _SMALLEST <= abs(value) < _LARGEST or not math.isfinite(value)
        return f"{value:.6g}" if not plain else f"{value:.10g}"
    text = clean(str(value), SHOWN) if value != "" else "''"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
