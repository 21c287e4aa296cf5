"""As ``on_gpu``; its trial begins to train when another one is there that does."""

from tests.integration import gates
from tests.integration.fakes import on_gpu
from tests.integration.fakes.on_gpu import environment

__all__ = ["Trainer", "environment"]


class Trainer(on_gpu.Trainer):
    def train_epoch(self, epoch):
        if epoch == 0:
            gates.meet(2)
        yield from super().train_epoch(epoch)
