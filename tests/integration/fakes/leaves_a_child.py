"""Leaves a process of its own behind, as a data loader's worker can be.

With seed 0 and 2 it dies itself, and only with 0 what is left holds the pipe open; with seed 3 it
finishes; with seed 4 it goes on for ever.
"""

import os
import subprocess
import sys
import time

from tests.integration.fakes import good
from tests.integration.fakes.good import environment
from tests.waiting import FOREVER_SECONDS

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        seed = self.spec.seed
        if seed == 0 and os.fork() == 0:
            time.sleep(FOREVER_SECONDS)
        if seed in (2, 3, 4):
            subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({FOREVER_SECONDS})"])
        if seed in (0, 2):
            os._exit(9)
        if seed == 4:
            time.sleep(FOREVER_SECONDS)
        return super().train_epoch(epoch)
