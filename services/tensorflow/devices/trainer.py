"""The trainer of a job on several devices."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.errors import TrainerFailed
from services.model.weights import Weights
from services.refusals.tensorflow import require_supported
from services.tensorflow import device
from services.tensorflow.devices.steps import MirroredSteps
from services.tensorflow.matched import MatchedTrainer
from services.tensorflow.model import LayersModel
from services.trial import chunks, matched
from services.trial.trainer import Steps
from services.trial.waiting import timed


class MirroredTrainer(MatchedTrainer):
    """A `services.trial.trainer.Trainer` whose steps are shared; evaluation is the first device's.

    Raises Unsupported op by op.
    """

    def __init__(self, spec: JobSpec, data: Data, weights: Weights | None) -> None:
        require_supported(spec)
        super().__init__(spec, data, weights)

    def _made_steps(self, data: Data) -> MirroredSteps:  # type: ignore[override]
        if not isinstance(self._model, LayersModel):
            raise TypeError(self._model)  # a job of code is refused
        self._models = [self._model]
        weights, shape = self._model.weights(), data.train_images.shape[1:]
        for name in device.names(self._spec)[1:]:
            with tf.device(name):
                products = device.PRODUCTS[self._spec.precision]
                self._models.append(LayersModel(self._spec, shape, weights, products))
        self._mirrored = MirroredSteps(self._spec, self._models, self._images, self._labels)
        return self._mirrored

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        found = matched.epoch_chunks(self._spec, epoch, self._shape[0])
        given = (self._spec, self._shape, epoch, found, self._model.sites)
        places = range(self._spec.devices)
        for shares in zip(*(chunks.carried(*given, device=place) for place in places), strict=True):
            ran = self._mirrored.run(shares)
            measured, synced = timed(ran.numpy)
            yield matched.steps_taken(self._spec, measured, self._names, sync_seconds=synced)

    def weights(self) -> Weights:
        """Return the weights, which all devices hold alike. Raises TrainerFailed if they do not."""
        own, *others = (model.weights() for model in self._models)
        for place, found in enumerate(others, 1):
            if any(not np.array_equal(own[n], a, equal_nan=True) for n, a in found.items()):
                raise TrainerFailed(
                    f"Device {place} of the job holds other weights than device 0: an update of "
                    "one of them was not that of the other."
                )
        return own
