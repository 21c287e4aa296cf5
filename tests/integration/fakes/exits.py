"""Ends its process with a code of its own after its first epoch."""

import os
import sys
import time

from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if epoch == 1:
            time.sleep(0.2)  # so that the first epoch's events are in the pipe
            sys.stderr.write("the last words\n")
            os._exit(7)
        return super().train_epoch(epoch)
