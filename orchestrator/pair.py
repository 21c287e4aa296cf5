"""Two trials' evidence, subtracted: relative differences of all that can be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.evidence import Evidence, Tensors
from orchestrator.relative import differences
from orchestrator.trial import StepDetails, Trial

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Relative differences over the ``steps`` that both trials took.

    ``losses`` and ``ordered_losses`` float64[steps]. ``norms`` float64[steps, tensors]: of the
    gradients, relative to the norm of the step's whole gradient, for a tensor's own may be of
    rounding errors alone. Weights by tensor, and logits: relative to the largest element. Without
    details (``detailed``) no step has norms, and its ordered loss is taken for the same.
    """

    trials: tuple[Trial, Trial]
    steps: int
    losses: Floats
    detailed: bool
    ordered_losses: Floats
    norms: Floats
    tensors: Sequence[str]
    initial_weights: Mapping[str, float]
    weights: Mapping[str, float]
    logits: float


def pair(first: Evidence, second: Evidence) -> Pair:
    """Of two trials of one model."""
    a, b = first.trial, second.trial
    steps = min(len(a.losses), len(b.losses))
    detailed = a.details is not None and b.details is not None
    ordered, norms = np.zeros(steps), np.zeros((steps, 0))
    if a.details and b.details:
        ordered = differences(a.details.ordered_losses[:steps], b.details.ordered_losses[:steps])
        norms = _norm_differences(a.details, b.details, steps)
    return Pair(
        trials=(a, b),
        steps=steps,
        losses=differences(a.losses[:steps], b.losses[:steps]),
        detailed=detailed,
        ordered_losses=ordered,
        norms=norms,
        tensors=list(a.details.gradient_norms) if detailed and a.details else [],
        initial_weights=_by_tensor(first.initial_weights, second.initial_weights),
        weights=_by_tensor(first.weights, second.weights),
        logits=_of_largest(first.logits, second.logits),
    )


def _norm_differences(a: StepDetails, b: StepDetails, steps: int) -> Floats:
    ours, others = (
        np.stack([found[:steps] for found in details.gradient_norms.values()], axis=1)
        for details in (a, b)
    )
    whole = (np.linalg.norm(found, axis=1, keepdims=True) for found in (ours, others))
    return differences(ours, others, np.maximum(*whole))


def _by_tensor(a: Tensors, b: Tensors) -> dict[str, float]:
    return {name: _of_largest(array, b[name]) for name, array in a.items()}


def _of_largest(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """The largest difference of two elements, relative to the largest element."""
    if a.shape != b.shape:
        return float("inf")
    ours, others = a.astype(np.float64), b.astype(np.float64)
    largest = np.maximum(np.abs(ours).max(), np.abs(others).max())
    return float(differences(ours, others, largest).max())
