"""Steps op by op: a Python loop over the batches of a chunk."""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from services import matched
from services.matched import Held
from services.pytorch import model, optimizers
from services.spec import JobSpec


class EagerSteps:
    """Trains what is ``held``, in place."""

    def __init__(
        self,
        spec: JobSpec,
        held: Held[torch.Tensor],
        images: torch.Tensor,
        labels: torch.Tensor,
        products: torch.dtype,
    ) -> None:
        self._spec = spec
        self._layers = spec.layers
        self._loss = model.loss_of(spec)
        self._details = spec.report_step_details
        self._parameters = [parameter.requires_grad_() for parameter in held.trained]
        self._kept = held.kept
        self._images, self._labels, self._products = images, labels, products
        self._optimizer = optimizers.optimizer(spec.optimizer, self._parameters, spec.loop)

    def run(self, chunk: torch.Tensor) -> torch.Tensor:
        """Takes the steps of ``chunk`` int32[steps, batch]; what they measured, on the device.

        As `services.matched.steps_taken` wants it.
        """
        return torch.stack(
            [
                self.step(self._images.index_select(0, batch), self._labels.index_select(0, batch))
                for batch in chunk.unbind()
            ]
        )

    def begin(self, chunks: Sequence[NDArray[np.int32]]) -> None:
        """What an epoch will `run`."""

    def waited(self) -> float:
        """Seconds that were waited for data since it was last asked: it is there."""
        return 0.0

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """One step on ``images`` [batch, h, w, c]; what it measured."""
        logits, statistics = model.training_logits(
            self._layers, self._parameters, images, self._products
        )
        loss = self._loss(logits, labels)
        self._optimizer.zero_grad()
        loss.backward()
        measured = loss.detach()
        if self._details:
            gradients = [parameter.grad for parameter in self._parameters]
            with torch.no_grad():
                rest = model.details(logits, labels, gradients)
            measured = torch.cat([measured.view(1), rest])
        self._optimizer.step()
        model.keep(self._layers, self._kept, statistics)
        return measured

    def warm_up(self, shapes: Sequence[tuple[int, int]]) -> None:
        """Runs a little of each of ``shapes``, and puts everything back as it was."""
        tensors = [*self._parameters, *self._kept]
        values = [tensor.detach().clone() for tensor in tensors]
        optimizer = copy.deepcopy(self._optimizer.state_dict())
        for steps, batch in shapes:
            shape = min(steps, matched.WARM_UP_STEPS), batch
            self.run(torch.zeros(shape, dtype=torch.int32, device=self._images.device))
        with torch.no_grad():
            for tensor, value in zip(tensors, values, strict=True):
                tensor.copy_(value)
        self._optimizer.load_state_dict(optimizer)
