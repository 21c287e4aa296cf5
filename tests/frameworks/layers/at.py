"""The position of a layer."""

from dataclasses import dataclass

import numpy as np
from twinrun.contract.spec import JobSpec


@dataclass(frozen=True)
class At:
    """Its job, its index, and all weights; in training also epoch and position of the batch."""

    spec: JobSpec
    index: int
    weights: dict[str, np.ndarray]
    place: tuple[int, int] | None = None

    def __contains__(self, part):
        return f"layers.{self.index}.{part}" in self.weights

    def __getitem__(self, part):
        return self.weights[f"layers.{self.index}.{part}"]
