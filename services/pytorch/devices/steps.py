"""Steps on a device's share of the samples: the sums over all devices are those of one device."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from twinrun.contract.losses import ignored
from twinrun.contract.spec import JobSpec

from services.model.shares import shares
from services.pytorch import losses
from services.pytorch.devices import collectives
from services.pytorch.eager_steps import EagerSteps
from services.pytorch.model import LayersModel
from services.trial import chunks
from services.trial.chunks import Chunk

_SUMS = 3  # of a step's measurements, those that each device has a part of


class _Training(nn.Module):  # type: ignore[misc] # PyTorch's is Any
    """The model as DistributedDataParallel takes one: a module that holds its parameters."""

    def __init__(self, model: LayersModel) -> None:
        super().__init__()
        self._model = model
        self.held = nn.ParameterList(model.parameters)

    def forward(
        self, inputs: torch.Tensor, drawn: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, Sequence[torch.Tensor]]:
        return self._model.training_logits(inputs, drawn)


class SharedSteps(EagerSteps):
    """As `EagerSteps`, on the share of this process's device.

    DistributedDataParallel exchanges gradients while others are computed, and averages them over
    the devices, whatever samples each has. So each loss counts by its samples, times the devices.
    """

    def __init__(
        self, spec: JobSpec, model: LayersModel, images: torch.Tensor, labels: torch.Tensor
    ) -> None:
        super().__init__(spec, model, images, labels)
        self._shared, self._place = model, collectives.place()
        self._share = shares(spec.devices, spec.devices)[self._place]
        self._divisor = losses.divisor(spec)
        self._parallel = DistributedDataParallel(_Training(model), gradient_as_bucket_view=True)

    def run(self, chunk: Chunk) -> torch.Tensor:
        """Run the steps of ``chunk``, a share; return the whole steps' measurements."""
        if chunk.share is not None:  # of every device's chunk
            self._share = chunk.share
        self._shared.mean = collectives.mean(self._share.weight)
        measured = super().run(chunk)
        if measured.ndim == 1:
            return collectives.total(measured)
        return torch.cat([collectives.total(measured[:, :_SUMS]), measured[:, _SUMS:]], 1)

    def step(
        self, images: torch.Tensor, labels: torch.Tensor, drawn: Mapping[str, torch.Tensor]
    ) -> torch.Tensor:
        """Run one step on the share's ``images`` and ``drawn``; return its part of the sums."""
        self._optimizer.zero_grad()
        logits, statistics = self._parallel(images, drawn)
        loss = self._loss(logits, labels)
        weight = self._weight(logits, labels)
        (loss * (weight * self._spec.devices)).backward()
        measured = loss.detach() * weight
        if self._details:
            by_target = ignored(self._spec.loss) is not None
            counted = weight if by_target else self._share.weight
            measured = self._with_details(measured, logits.detach(), labels, counted)
        self._optimizer.step()
        self._model.keep(statistics)
        return measured

    def _weight(self, logits: torch.Tensor, labels: torch.Tensor) -> float | torch.Tensor:
        """Return what the loss of the share counts in that of the step."""
        if self._divisor is None:
            return self._share.weight
        own = self._divisor(logits, labels).detach() * bool(self._share.samples)
        whole = collectives.total(own)
        return own / torch.where(whole > 0, whole, 1)  # of targets that are all left out

    def _with_details(
        self,
        loss: torch.Tensor,
        logits: torch.Tensor,
        labels: torch.Tensor,
        weight: float | torch.Tensor,
    ) -> torch.Tensor:
        """Return the parts of the step's details; the gradients are already the step's.

        ``weight``: what the accuracy of the share counts.
        """
        with torch.no_grad():
            places = torch.from_numpy(self._share.places).to(loss)
            ordered = self._losses(logits, labels) @ places
            accuracy = self._accuracy(logits, labels) * weight
            norms = self._model.norms([parameter.grad for parameter in self._parameters])
            return torch.stack([loss, ordered, accuracy, *norms])

    def _blank(self, steps: int, batch: int) -> Chunk:
        given = (self._spec, self._images.shape, steps, batch, self._model.sites)
        return chunks.blank(*given, device=self._place)
