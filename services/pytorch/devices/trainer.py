"""The trainer of a job on several devices, in the process of the first one."""

from collections.abc import Iterator

from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.errors import TrainerFailed
from services.model.weights import Weights
from services.pytorch import device
from services.pytorch.devices import pool
from services.pytorch.devices.messages import Advance, Command, Epoch
from services.pytorch.devices.replica import digest
from services.pytorch.matched import MatchedTrainer
from services.trial.trainer import Steps


class LeadingTrainer(MatchedTrainer):
    """A `services.trial.trainer.Trainer` whose job is shared by the processes of a `Pool`.

    They do all that changes the model at the same time, each for its samples. What is reported is
    of the whole steps; evaluation and the clock are this process's. With a ``group`` each machine
    has a leading trainer, whose pool joins those of the others: all do and report the same.
    """

    def __init__(
        self, spec: JobSpec, data: Data, weights: Weights | None, group: Group = ALONE
    ) -> None:
        device.require_devices(group.own(spec))
        self._pool = pool.of(spec, group)
        arrays = {"images": data.train_images, "labels": data.train_labels}
        self._pool.begin(spec, weights, arrays)
        with self._pool.explained():
            super().__init__(spec, data, weights, None, group)

    def warm_up(self) -> None:
        self._pool.send(Command.WARM_UP)
        with self._pool.explained():
            super().warm_up()

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        self._pool.send(Epoch(epoch))
        chunks = super().train_epoch(epoch)
        while True:
            self._pool.send(Command.CHUNK)  # before this process draws: they draw at once
            with self._pool.explained():
                steps = next(chunks, None)
            if steps is None:
                return
            yield steps

    def advance(self, steps: int) -> None:
        self._pool.send(Advance(steps))
        super().advance(steps)

    def weights(self) -> Weights:
        """Return the weights, which all devices of this machine hold alike.

        Raises TrainerFailed if they do not. Machines are compared where all of them report.
        """
        own, first = digest(self), self._group.first(self._spec)
        for place, found in enumerate(self._pool.digests(), first + 1):
            if found != own:
                raise TrainerFailed(
                    f"Device {place} of the job holds other weights than device {first}: an update "
                    "of one of them was not that of the other."
                )
        return super().weights()

    def peak_device_memory_bytes(self) -> int:
        return super().peak_device_memory_bytes() + sum(self._pool.peaks())
