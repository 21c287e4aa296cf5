"""The position of a layer."""

from dataclasses import dataclass

import numpy as np
from twinrun.contract.spec import JobSpec


@dataclass(frozen=True)
class At:
    """Its job, its name, its number among all that hold no others, and all weights.

    ``place``: in training epoch and position of the batch. ``counted`` [batch, time]: False at
    padded steps; None: there are none.
    """

    spec: JobSpec
    name: str
    number: int
    weights: dict[str, np.ndarray]
    place: tuple[int, int] | None = None
    counted: np.ndarray | None = None

    def __contains__(self, part):
        return f"{self.name}.{part}" in self.weights

    def __getitem__(self, part):
        return self.weights[f"{self.name}.{part}"]
