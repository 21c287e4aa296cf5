"""The conditions of ``--fail-if``: a small language of its own, which runs no code.

``ratio > 1.05 or tensorflow: ratio(peak_memory_bytes) > 1.2 or difference < -0.5``.
docs/pipeline.md defines it.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT
from orchestrator.results.quantities import EPOCH, quantities

_OR = re.compile(r"\s+or\s+")
_FORM = re.compile(
    r"(?:(?P<side>.+):)?\s*(?P<measure>\w+)\s*(?:\(\s*(?P<quantity>\w+)\s*\))?"
    r"\s*(?P<sign>[<>])\s*(?P<limit>\S+)"
)
RATIOS = tuple(each.name for each in quantities(None) if each.has_ratio)
_NO_FORM = Phrase(
    "--fail-if: {text!r} is not a condition; write one like 'ratio > 1.05', "
    "'ratio(peak_memory_bytes) > 1.2' or 'difference < -0.5', with 'SIDE: ' before it for one side "
    "only, and 'or' between two."
)
_NO_MEASURE = Phrase(
    "--fail-if: {text!r} asks for {measure!r}; there are 'ratio', the other side's seconds of an "
    "epoch over the baseline's, 'ratio(QUANTITY)', and 'difference', of the test metric."
)
_NO_QUANTITY = Phrase(
    "--fail-if: {text!r} asks for the ratio of {quantity!r}; these have one: {known}."
)
_NO_PART = Phrase(
    "--fail-if: {text!r}: 'difference' is that of the test metric, and takes no quantity."
)
_NO_NUMBER = Phrase("--fail-if: {text!r} has {limit!r} as its limit, which is not a number.")
_NOT_POSITIVE = Phrase(
    "--fail-if: {text!r} has {limit!r} as its limit; a ratio is above 0, and 1.05 means 5 % more."
)
_NO_SIDE = Phrase(
    "--fail-if: {text!r} names {side!r}; the sides that are compared with the baseline are: "
    "{known}."
)
_NO_OTHER = Phrase("--fail-if needs a second side, which is compared with the baseline.")


class Measure(StrEnum):
    """What a condition is about: the other side's value over the baseline's, or minus it."""

    RATIO = "ratio"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Condition:
    """Under which it fails: that ``measure`` of ``quantity`` is beyond ``limit``.

    ``side``: only this one; None: any but the baseline. ``above``: whether beyond means above.
    ``quantity``: None: of a difference. A limit of a difference is in the metric's unit, of a share
    in points.
    """

    text: str
    side: str | None
    measure: Measure
    quantity: str | None
    above: bool
    limit: float


def conditions(
    text: str | None, sides: Sequence[str], baseline: str | None = None
) -> list[Condition]:
    """Parse what ``--fail-if`` says; None: nothing. Raises BadInput, which names every fault."""
    if text is None:
        return []
    others = [side for side in sides if side != (baseline or next(iter(sides), None))]
    if not others:
        raise BadInput(english(_NO_OTHER))
    found, faults = list[Condition](), list[Sentence]()
    for part in _OR.split(text.strip()):
        found += _condition(" ".join(part.split()), others, faults)
    if faults:
        raise BadInput(join(NEXT, faults))
    return found


def _condition(text: str, others: Sequence[str], faults: list[Sentence]) -> Iterator[Condition]:
    """Yield the one condition of ``text``, if it has no fault."""
    form = _FORM.fullmatch(text)
    if form is None:
        faults.append(english(_NO_FORM, text=text))
        return
    side, quantity = form["side"] and form["side"].strip(), form["quantity"]
    limit = _number(form["limit"])
    bad = list[Sentence]()
    if side is not None and side not in others:
        bad.append(english(_NO_SIDE, text=text, side=side, known=", ".join(others)))
    if form["measure"] not in list(Measure):
        bad.append(english(_NO_MEASURE, text=text, measure=form["measure"]))
    elif form["measure"] == Measure.DIFFERENCE and quantity:
        bad.append(english(_NO_PART, text=text))
    elif quantity and quantity not in RATIOS:
        known = ", ".join(RATIOS)
        bad.append(english(_NO_QUANTITY, text=text, quantity=quantity, known=known))
    if limit is None:
        bad.append(english(_NO_NUMBER, text=text, limit=form["limit"]))
    elif form["measure"] == Measure.RATIO and limit <= 0:
        bad.append(english(_NOT_POSITIVE, text=text, limit=form["limit"]))
    faults += bad
    if bad or limit is None:
        return
    measure = Measure(form["measure"])
    of = (quantity or EPOCH.name) if measure is Measure.RATIO else None
    yield Condition(text, side, measure, of, form["sign"] == ">", limit)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
