"""How far the trials of two frameworks went together: a number to look at, not yet a proof."""

from dataclasses import dataclass

import numpy as np

from orchestrator.trials.relative import differences
from orchestrator.trials.trial import Trial

TOGETHER = 0.001  # relative difference of two losses that a figure does not show


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two frameworks' first trials; ``second`` is held against ``first``.

    ``largest_loss_difference``: of the losses of the ``steps`` that both have, the largest
    |a - b| / max(|a|, |b|); infinite where one of them is not finite. ``at_step``: where, from 0.
    ``steps_together``: how many first steps stay within TOGETHER of each other.
    ``accuracy_difference``: test accuracy of ``second`` minus that of ``first``, in -1..1, after
    the last epoch that both finished.
    """

    first: str
    second: str
    steps: int
    largest_loss_difference: float | None
    at_step: int | None
    steps_together: int
    accuracy_difference: float | None


def agreement(first: Trial, second: Trial) -> Agreement:
    """Compares over the steps and epochs that both have."""
    steps = min(len(first.losses), len(second.losses))
    relative = differences(first.losses[:steps], second.losses[:steps])
    apart = relative > TOGETHER
    at_step = int(np.argmax(relative)) if steps else None
    epochs = min(len(first.epochs), len(second.epochs))
    accuracies = [trial.epochs[epochs - 1].test_accuracy for trial in (first, second) if epochs]
    return Agreement(
        first=first.framework,
        second=second.framework,
        steps=steps,
        largest_loss_difference=None if at_step is None else float(relative[at_step]),
        at_step=at_step,
        steps_together=int(np.argmax(apart)) if apart.any() else steps,
        accuracy_difference=accuracies[1] - accuracies[0] if accuracies else None,
    )
