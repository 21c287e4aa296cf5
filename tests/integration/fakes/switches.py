"""As `good`, but in float32 rounding switches a unit in the job and a first draw, not in others."""

from twinrun.contract.enums import Precision

from tests.integration.fakes import good
from tests.integration.fakes.good import environment, measure, summarize

__all__ = ["Trainer", "environment", "measure", "summarize"]


class Trainer(good.Trainer):
    taken = 0

    def step(self, batch) -> float | list[float]:
        found = super().step(batch)
        self.taken += 1
        switches = self.spec.perturb_initial_weights < 2 and self.taken > 4
        if self.spec.precision is Precision.FLOAT32 and switches and isinstance(found, float):
            return found * (1 + 2e-4)
        return found
