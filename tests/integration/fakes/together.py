"""A part of a job of several machines: each trains all of it by itself, so they report the same.

With seed 1 the second machine's part is killed in its second epoch, and the first one's loses it.
With seed 2 the second machine ends with other weights. With seed 3 both wait at the gate ``end``.
"""

import os
import signal

from services.errors import PartLost
from tests.integration import gates
from tests.integration.fakes import good
from tests.integration.fakes.good import environment, leave

__all__ = ["Trainer", "environment", "leave"]


class Trainer(good.Trainer):
    def train_epoch(self, epoch):
        if epoch == 1 and self.group.machines > 1:
            match self.spec.seed, self.group.place:
                case 1, 0:
                    gates.pass_("lost")
                    raise PartLost("An exchange with another machine failed: planted.")
                case 1, _:
                    os.kill(os.getpid(), signal.SIGKILL)
                case 2, 1:
                    self.bias += 1e-3
                case 3, _:
                    gates.pass_("end")
        yield from super().train_epoch(epoch)
