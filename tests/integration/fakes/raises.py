"""Raises in its second epoch; with seed 2 what no proto string can hold, with seed 3 endlessly."""

from services.errors import Unsupported
from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if epoch == 1 and self.spec.seed == 0:
            raise RuntimeError("the planted fault")
        if self.spec.seed == 2:
            raise Unsupported("the file \udcff is not for us", index=3)
        if self.spec.seed == 3:
            raise RuntimeError("very " * 1_000_000)
        return super().train_epoch(epoch)
