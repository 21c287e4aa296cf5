"""Takes a twentieth of a second for each step; with another seed than 0 it is as quick as good."""

import time

from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def step(self, batch):
        if self.spec.seed == 0:
            time.sleep(0.05)
        return super().step(batch)
