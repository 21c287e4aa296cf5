"""Steps op by op: a Python loop over the batches of a chunk."""

import copy
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec

from services.pytorch import augmentation, device, losses, optimizers
from services.pytorch.model import Model, details
from services.trial import chunks, matched
from services.trial.chunks import Chunk


class EagerSteps:
    """Trains ``model``, in place. ``captured``: its steps will be, in a CUDA graph."""

    captured: ClassVar[bool] = False

    def __init__(
        self,
        spec: JobSpec,
        model: Model,
        images: torch.Tensor,
        labels: torch.Tensor,
    ) -> None:
        self._spec = spec
        self._model = model
        self._loss, self._losses = losses.mean(spec), losses.each(spec)
        self._accuracy = losses.accuracy(spec)
        self._gradient_scale = spec.gradient_scale
        self._details = spec.report_step_details
        self._parameters = [parameter.requires_grad_() for parameter in model.parameters]
        self._images, self._labels = images, labels
        self._augment = augmentation.augment(spec, images)
        self._optimizer = optimizers.optimizer(
            spec.optimizer, self._parameters, spec.loop, captured=self.captured
        )

    def run(self, chunk: Chunk) -> torch.Tensor:
        """Run the steps of ``chunk``; return their measurements, on the device.

        They have the form that `services.trial.matched.steps_taken` expects.
        """
        indices, drawn = device.put_chunk(chunk, self._images.device)
        return self._all(indices, drawn)

    def _all(self, indices: torch.Tensor, drawn: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Run the steps with these ``indices`` [steps, batch]."""
        measured = []
        for step, batch in enumerate(indices.unbind()):
            numbers = {name: tensor[step] for name, tensor in drawn.items()}
            images = self._augment(self._images.index_select(0, batch), numbers)
            measured.append(self.step(images, self._labels.index_select(0, batch), numbers))
        return torch.stack(measured)

    def advance(self, steps: int) -> None:
        """Advance as `services.trial.trainer.Trainer.advance`."""
        optimizers.advance(self._optimizer, steps)

    def begin(self, order: Sequence[NDArray[np.int32]]) -> None:
        """Set what an epoch will `run`."""

    def waited(self) -> float:
        """Return the seconds spent waiting for data since the last call: none, it is in memory."""
        return 0.0

    def step(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        drawn: Mapping[str, torch.Tensor],
    ) -> torch.Tensor:
        """Run one step on ``images`` [samples, h, w, c] and ``drawn``; return its measurements."""
        self._optimizer.zero_grad()
        if self._spec.accumulate_steps == 1:
            measured, logits, statistics = self._backward(images, labels, drawn)
            found = [statistics]
        else:
            measured, logits, found = self._accumulated(images, labels, drawn)
        if self._gradient_scale != 1:
            gradients = [parameter.grad for parameter in self._parameters]
            torch._foreach_div_(gradients, self._gradient_scale)
        if self._details:
            gradients = [parameter.grad for parameter in self._parameters]
            with torch.no_grad():
                accuracy = self._accuracy(logits, labels)
                norms = self._model.norms(gradients)
                rest = details(self._losses(logits, labels), accuracy, norms)
            measured = torch.cat([measured.view(1), rest])
        self._optimizer.step()
        for statistics in found:
            self._model.keep(statistics)
        return measured

    def _backward(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        drawn: Mapping[str, torch.Tensor],
        share: float = 1.0,
    ) -> tuple[torch.Tensor, torch.Tensor, Sequence[torch.Tensor]]:
        """Add a batch's ``share`` of the gradient; return that of the loss, logits, statistics."""
        logits, statistics = self._model.training_logits(images, drawn)
        loss = self._loss(logits, labels)
        loss = loss if share == 1 else loss * share
        (loss if self._gradient_scale == 1 else loss * self._gradient_scale).backward()
        return loss.detach(), logits, statistics

    def _accumulated(
        self, images: torch.Tensor, labels: torch.Tensor, drawn: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor, list[Sequence[torch.Tensor]]]:
        """Add the gradients of a step's batches; return its loss and logits, and statistics."""
        losses, logits, statistics = zip(
            *(
                self._backward(
                    *(images[part], labels[part]),
                    {name: tensor[part] for name, tensor in drawn.items()},
                    share,
                )
                for part, share in matched.batches(self._spec, len(labels))
            ),
            strict=True,
        )
        return torch.stack(losses).sum(), torch.cat(logits), list(statistics)

    def warm_up(self, shapes: Sequence[tuple[int, int]]) -> None:
        """Run a few steps of each of ``shapes``, and restore the previous state."""
        tensors = [*self._parameters, *self._model.kept]
        values = [tensor.detach().clone() for tensor in tensors]
        optimizer = copy.deepcopy(self._optimizer.state_dict())
        for steps, batch in shapes:
            few = min(steps, matched.WARM_UP_STEPS)
            self.run(self._blank(few, batch))
        with torch.no_grad():
            for tensor, value in zip(tensors, values, strict=True):
                tensor.copy_(value)
        self._optimizer.load_state_dict(optimizer)

    def _blank(self, steps: int, batch: int) -> Chunk:
        return chunks.blank(self._spec, self._images.shape, steps, batch, self._model.sites)
