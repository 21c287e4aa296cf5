"""Steps op by op, captured in CUDA graphs: what capturing alone changes."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from twinrun.contract.spec import JobSpec

from services.pytorch import optimizers
from services.pytorch.eager_steps import EagerSteps
from services.pytorch.graphs import captured, pieces
from services.pytorch.model import Model


class CapturedSteps(EagerSteps):
    """As `EagerSteps`, on a GPU; its operations are launched by replaying a graph."""

    captured: ClassVar[bool] = True

    def __init__(
        self,
        spec: JobSpec,
        model: Model,
        images: torch.Tensor,
        labels: torch.Tensor,
    ) -> None:
        super().__init__(spec, model, images, labels)
        self._drawn: Sequence[str] = tuple(self._blank(1, 1).drawn)
        self._graphs = captured.Captured(self._launched, self._tensors)

    def _all(self, indices: torch.Tensor, drawn: Mapping[str, torch.Tensor]) -> torch.Tensor:
        given = indices, *(drawn[name] for name in self._drawn)
        calls = zip(*(pieces.cut(each, captured.STEPS_PER_GRAPH) for each in given), strict=True)
        return torch.cat([self._graphs(*call) for call in calls])

    def _launched(self, indices: torch.Tensor, *drawn: torch.Tensor) -> torch.Tensor:
        """Launch the steps' operations one by one."""
        return super()._all(indices, dict(zip(self._drawn, drawn, strict=True)))

    def warm_up(self, shapes: Sequence[tuple[int, int]]) -> None:
        """Capture a graph for each of ``shapes``, and restore the previous state."""
        before = [tensor.detach().clone() for tensor in (*self._parameters, *self._model.kept)]
        for shape in pieces.shapes(shapes, captured.STEPS_PER_GRAPH):
            self.run(self._blank(*shape))
        captured.restore([*self._parameters, *self._model.kept], before)
        for tensor in optimizers.state(self._optimizer):
            tensor.zero_()  # in place: the graphs have its address
        self._graphs.seal()

    def _tensors(self) -> list[torch.Tensor]:
        """Return all that a step changes."""
        return [*self._parameters, *self._model.kept, *optimizers.state(self._optimizer)]
