"""What the matched recipe trains: the model of a spec's layers, or one of the user's code."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from services.model.sites import Site
from services.model.weights import Weights

Tensor = TypeVar("Tensor")  # a framework's own


class Model(Protocol[Tensor]):
    """A model on a device. Inputs are [batch, ...] as the dataset lays them out.

    ``parameters``: what the optimizer updates, in place. ``sites``: where a step draws masks.
    """

    @property
    def parameters(self) -> Sequence[Tensor]: ...

    @property
    def sites(self) -> Sequence[Site]: ...

    def training_logits(
        self, inputs: Tensor, drawn: Mapping[str, Tensor]
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Return a step's logits [batch, outputs], and the batch's statistics for `keep`.

        ``drawn``: by name, as in `services.trial.chunks.Chunk`, for this step.
        """

    def logits(self, inputs: Tensor) -> Tensor:
        """Return the logits of an evaluation."""

    def keep(self, statistics: Sequence[Tensor]) -> None:
        """Move the moving statistics towards a batch's, after the optimizer's step."""

    def norms(self, gradients: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the norm of each trained array's gradient, in the order of `weights`.

        ``gradients`` are those of ``parameters``: a framework's own may hold several arrays.
        """

    def weights(self) -> Weights:
        """Return the current values in the host's memory, with canonical names and layouts."""
