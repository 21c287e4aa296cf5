"""As `good`, but it learns by half the rate, which is another job."""

from tests.integration.fakes import good
from tests.integration.fakes.good import environment, measure, summarize

__all__ = ["Trainer", "environment", "measure", "summarize"]


class Trainer(good.Trainer):
    def step(self, batch) -> float | list[float]:
        kernel, bias = self.kernel.copy(), self.bias.copy()
        found = super().step(batch)
        self.kernel += (kernel - self.kernel) / 2
        self.bias += (bias - self.bias) / 2
        return found
