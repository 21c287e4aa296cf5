"""Takes a twentieth of a second for each step."""

import time

from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def step(self, batch):
        time.sleep(0.05)
        return super().step(batch)
