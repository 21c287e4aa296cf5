"""Ends its process with a code of its own at the gate ``end``, after its first epoch; with seed 2
as scripts do, and at once."""

import os
import sys

from tests.integration import gates
from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if epoch == 1 and self.spec.seed == 2:
            sys.exit("gave up")
        if epoch == 1 and self.spec.seed == 0:
            gates.pass_("end")  # its first epoch's events have gone through the pipe by then
            sys.stderr.write("first words\nthe last words\n")
            os._exit(7)
        return super().train_epoch(epoch)
