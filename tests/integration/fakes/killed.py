"""Is killed at the gate ``end``, after its first epoch, as by the kernel where memory runs out."""

import os
import signal

from tests.integration import gates
from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if epoch == 1 and self.spec.seed == 0:
            gates.pass_("end")  # its first epoch's events have gone through the pipe by then
            os.kill(os.getpid(), signal.SIGKILL)
        return super().train_epoch(epoch)
