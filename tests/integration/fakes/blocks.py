"""Blocks in native code, with no Python running that could see a request to end."""

import time

from tests.integration.fakes import good
from tests.integration.fakes.good import environment
from tests.waiting import FOREVER_SECONDS

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def warm_up(self):
        if self.spec.seed == 0:
            time.sleep(FOREVER_SECONDS)
