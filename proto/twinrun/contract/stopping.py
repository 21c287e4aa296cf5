"""Early stopping, as in job.proto: one rule, by which sides decide and others check them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twinrun.contract.events import Metrics
from twinrun.contract.metrics import FALLING
from twinrun.contract.ranges import between
from twinrun.contract.violation import Violation

LOSS = "loss"


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    patience: int
    metric: str = LOSS
    min_delta: float = 0.0
    keep_best: bool = False

    def violations(self, field: str) -> Iterator[Violation]:
        """Yield what is out of range; ``field`` is its path."""
        yield from between(f"{field}.patience", self.patience, 1, 10_000)
        yield from between(f"{field}.min_delta", self.min_delta, 0, 1e300)

    def value(self, validation: Metrics | None) -> float | None:
        """Return the number that decides; None: the validation samples do not define it."""
        if validation is None:
            return None
        own = {LOSS: validation.loss, "accuracy": validation.accuracy}
        return own.get(self.metric, validation.others.get(self.metric))

    def best(self, values: Sequence[float | None]) -> int | None:
        """Return the last of the epochs that was better than all before it by over ``min_delta``.

        ``values``: of each epoch. None: no epoch has a number.
        """
        sign = -1 if self.metric == LOSS or self.metric in FALLING else 1
        found, most = None, 0.0
        for epoch, value in enumerate(values):
            if value is None or math.isnan(value):
                continue
            if found is None or sign * (value - most) > self.min_delta:
                found, most = epoch, value
        return found

    def ends(self, values: Sequence[float | None]) -> bool:
        """Return whether training ends after these epochs: ``patience`` of them were no better."""
        best = self.best(values)
        return len(values) - (0 if best is None else best + 1) >= self.patience

    def kept(self, values: Sequence[float | None]) -> int:
        """Return the epoch whose weights are the final ones."""
        best = self.best(values) if self.keep_best else None
        return len(values) - 1 if best is None else best
