"""Waits before each epoch but the first, whatever the seed, until it is ended."""

from tests.integration import gates
from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if epoch:
            gates.pass_("never")
        return super().train_epoch(epoch)
