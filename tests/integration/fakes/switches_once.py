"""As `good`, but in float32 rounding switches a unit in the job of seed 1, and in no draw of it."""

from twinrun.contract.enums import Precision

from tests.integration.fakes import good
from tests.integration.fakes.good import environment, measure, summarize

__all__ = ["Trainer", "environment", "measure", "summarize"]


class Trainer(good.Trainer):
    taken = 0

    def parts(self) -> bool:
        return self.spec.perturb_initial_weights == 0

    def step(self, batch) -> float | list[float]:
        found = super().step(batch)
        self.taken += 1
        asked = self.spec.precision is Precision.FLOAT32 and self.spec.seed == 1
        if asked and self.parts() and self.taken > 4 and isinstance(found, float):
            return found * (1 + 2e-4)
        return found
