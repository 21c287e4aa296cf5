"""Raises in its second epoch."""

from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if epoch == 1:
            raise RuntimeError("the planted fault")
        return super().train_epoch(epoch)
