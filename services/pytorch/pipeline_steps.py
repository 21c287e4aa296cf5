"""Steps op by op on batches from a `DataLoader`, in the order of a matched job."""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.pytorch import device
from services.pytorch.eager_steps import EagerSteps
from services.pytorch.model import Model
from services.pytorch.pipeline import Batch, Order, loader, train_samples
from services.trial.chunks import Chunk
from services.trial.waiting import Waiting


class PipelineSteps(EagerSteps):
    """Call `begin` for each epoch, then `run` for its chunks."""

    def __init__(
        self,
        spec: JobSpec,
        model: Model,
        images: torch.Tensor,
        labels: torch.Tensor,
    ) -> None:
        super().__init__(spec, model, images, labels)
        self._order = Order()
        self._batches: Waiting[Batch] = Waiting(iter(()))
        self._warm = False

    def take_from(self, data: Data) -> None:
        """Set the samples."""
        samples = train_samples(self._spec, data)
        self._loader = loader(self._spec, samples, batch_sampler=self._order)

    def begin(self, order: Sequence[NDArray[np.int32]]) -> None:
        """Let the loader fetch an epoch's batches, chunks of int32[steps, batch]."""
        self._order.chunks = order
        self._batches = Waiting(iter(self._loader))
        self._warm = True

    def run(self, chunk: Chunk) -> torch.Tensor:
        """Run as many steps as ``chunk`` has; return their measurements, on the device."""
        if not self._warm:  # only the shapes matter, and the loader is not used yet
            return super().run(chunk)
        _, drawn = device.put_chunk(chunk, self._images.device)
        batches = itertools.islice(self._batches, len(chunk))
        measured = []
        for step, batch in enumerate(batches):
            images, labels = self._on_device(*batch)
            numbers = {name: tensor[step] for name, tensor in drawn.items()}
            measured.append(self.step(self._augment(images, numbers), labels, numbers))
        return torch.stack(measured)

    def _on_device(self, images: torch.Tensor, labels: torch.Tensor) -> Batch:
        where = self._images.device
        images = images.to(where, non_blocking=True)
        images = images.permute(0, 2, 3, 1) if images.ndim == 4 else images
        return images, labels.to(where, non_blocking=True)

    def waited(self) -> float:
        """Return the seconds spent waiting for data since the last call."""
        return self._batches.taken()
