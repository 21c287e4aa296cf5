"""How far two frameworks may part in float64 and still have done the same arithmetic.

Rounding makes a sum depend on the order of its terms, and every library for products chooses its
own order. What is allowed lies between what rounding was seen to do, and the smallest slip that
matters: data normalised in float32, which is off by 6e-8. It stands in the job spec.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.language.phrases import Phrase

_REASON = Phrase(
    "Seen over 5 epochs (4,690 steps) of mnist-mlp with Adam: 1.1e-13 in the losses, 5.9e-14 in "
    "the gradients' norms, 4.1e-13 in the weights, 7e-15 in the logits. A job that enlarges "
    "rounding is held against its own rounding."
)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Largest relative difference that is allowed in each quantity, and why it is so."""

    losses: float = 1e-12
    gradient_norms: float = 1e-11
    weights: float = 1e-11
    logits: float = 1e-11
    reason: str = _REASON


def tolerance(job: Mapping[str, Any]) -> Tolerance:
    """Return that of a job, in JSON mapping; what it does not set has its default."""
    given = {name: value for name, value in job.get("tolerance", {}).items() if value}
    return Tolerance(**given)
