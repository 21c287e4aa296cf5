"""Is killed after its first epoch, as by the kernel where memory runs out."""

import os
import signal
import time

from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if epoch == 1 and self.spec.seed == 0:
            time.sleep(0.2)  # so that the first epoch's events are in the pipe
            os.kill(os.getpid(), signal.SIGKILL)
        return super().train_epoch(epoch)
