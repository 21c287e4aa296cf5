"""Ends its process with a code of its own after its first epoch; with seed 2 as scripts do."""

import os
import sys
import time

from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if epoch == 1 and self.spec.seed == 2:
            sys.exit("gave up")
        if epoch == 1 and self.spec.seed == 0:
            time.sleep(0.2)  # so that the first epoch's events are in the pipe
            sys.stderr.write("first words\nthe last words\n")
            os._exit(7)
        return super().train_epoch(epoch)
