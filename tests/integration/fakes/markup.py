"""Raises in its second epoch, with a message that a page must not take for its own."""

from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]

MESSAGE = "<img src=x onerror=\"document.title='taken over'\"> & </script><script>alert(1)</script>"


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if epoch == 1:
            raise RuntimeError(MESSAGE)
        return super().train_epoch(epoch)
