"""The trainer of a job on several devices."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from twinrun.contract.events import Environment
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.errors import TrainerFailed
from services.model.weights import Weights
from services.refusals.tensorflow import require_supported
from services.tensorflow import device
from services.tensorflow.devices import together
from services.tensorflow.devices.steps import MirroredSteps
from services.tensorflow.environment import environment
from services.tensorflow.matched import MatchedTrainer
from services.tensorflow.model import LayersModel
from services.trial import chunks, matched
from services.trial.trainer import Steps
from services.trial.waiting import timed


class MirroredTrainer(MatchedTrainer):
    """A `services.trial.trainer.Trainer` whose steps are shared; evaluation is the first device's.

    Raises Unsupported op by op.
    """

    def __init__(
        self, spec: JobSpec, data: Data, weights: Weights | None, group: Group = ALONE
    ) -> None:
        require_supported(spec)
        self._group = group
        super().__init__(spec, data, weights)

    def _prepared(self, spec: JobSpec) -> str:
        prepared = device.prepare(self._group.own(spec))
        if self._group.machines > 1:
            together.join(self._group)
        return prepared

    def _made_steps(self, data: Data) -> MirroredSteps:  # type: ignore[override]
        if not isinstance(self._model, LayersModel):
            raise TypeError(self._model)  # a job of code is refused
        self._models = [self._model]
        weights, shape = self._model.weights(), data.train_images.shape[1:]
        for name in device.names(self._group.own(self._spec))[1:]:
            with tf.device(name):
                products = device.PRODUCTS[self._spec.precision]
                self._models.append(LayersModel(self._spec, shape, weights, products))
        given = self._spec, self._models, self._images, self._labels
        self._mirrored = MirroredSteps(*given, self._group)
        return self._mirrored

    def warm_up(self) -> None:
        with together.explained(self._group):
            super().warm_up()

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        found = matched.epoch_chunks(self._spec, epoch, self._shape[0])
        given = (self._spec, self._shape, epoch, found, self._model.sites)
        places = self._mirrored.places
        for shares in zip(*(chunks.carried(*given, device=place) for place in places), strict=True):
            with together.explained(self._group):
                ran = self._mirrored.run(shares)
                measured, synced = timed(ran.numpy)
            yield matched.steps_taken(self._spec, measured, self._names, sync_seconds=synced)

    def weights(self) -> Weights:
        """Return the weights, which all devices of this machine hold alike.

        Raises TrainerFailed if they do not. Machines are compared where all of them report.
        """
        own, *others = (model.weights() for model in self._models)
        first = self._group.first(self._spec)
        for place, found in enumerate(others, first + 1):
            if any(not np.array_equal(own[n], a, equal_nan=True) for n, a in found.items()):
                raise TrainerFailed(
                    f"Device {place} of the job holds other weights than device {first}: an update "
                    "of one of them was not that of the other."
                )
        return own

    def environment(self) -> Environment:
        return environment(device.threads(), device.notes(self._spec, self._group))
