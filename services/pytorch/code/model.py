"""A model of the user's code, as the matched recipe trains it."""

from collections.abc import Mapping, Sequence

import torch
from twinrun.contract.spec import JobSpec

from services.errors import BadWeights, CodeFailed, Unsupported
from services.model.sites import of_draws
from services.model.weights import Weights
from services.pytorch.code import arrays
from services.pytorch.code.arrays import Array
from services.pytorch.code.built import Built
from services.pytorch.code.patches import Evaluation
from services.pytorch.code.recording import Draw
from services.trial.code import Build


class Masks:
    """`services.pytorch.code.patches.Draws` of one step: those drawn.

    Raises CodeFailed if the model takes others than in its first pass.
    """

    def __init__(self, draws: Sequence[Draw], masks: Sequence[torch.Tensor]) -> None:
        self._drawn = list(zip(draws, masks, strict=True))
        self._taken = 0  # not an iterator, which torch.compile cannot follow

    def mask(self, _: torch.Tensor, rate: float, shape: tuple[int, ...]) -> torch.Tensor:
        if self._taken == len(self._drawn) or self._drawn[self._taken][0].traced.rate != rate:
            raise CodeFailed("The model draws other masks than in its first pass.")
        draw, mask = self._drawn[self._taken]
        self._taken += 1
        laid = draw.laid(mask)
        if laid.shape != shape:
            raise CodeFailed(
                f"{draw.traced.path} drops values of {list(shape)}, and of {list(laid.shape)} in "
                "the model's first pass."
            )
        return laid


class CodeModel:
    """A `services.pytorch.model.Model`, with ``weights`` or else the code's own initial values.

    ``samples`` [n, ...], as the dataset lays them out: one pass of them tells what the model does.
    ``all`` are its own arrays; ``arrays`` those that are paired, by canonical name; ``called`` the
    paths of its modules, in the order of their first calls.
    """

    def __init__(
        self, spec: JobSpec, build: Build, samples: torch.Tensor, weights: Weights | None
    ) -> None:
        self.built = Built(spec, build, samples.device)
        self.kept = self.built.state.tensors
        recording = self.built.tried(samples)
        self.draws = recording.draws
        self._require_once()
        self.sites = of_draws(draw.traced for draw in self.draws)
        self.called = recording.called
        self.all = arrays.of(self.built.module, recording.images, recording.columns)
        self.arrays = paired(spec, self.all)
        self._trained = self._freeze(spec)
        self.parameters = [p for p in self.built.module.parameters() if p.requires_grad]
        if weights is not None:
            write(self.arrays, weights)

    def _require_once(self) -> None:
        """Check that nothing draws when it is computed again. Raises Unsupported."""
        again = next((draw.traced.path for draw in self.draws if draw.again), None)
        if again is not None:
            raise Unsupported(
                f"{again or 'The model'} drops values within torch.utils.checkpoint, which "
                "computes them again with masks of PyTorch's own: call it without checkpoint, or "
                "verify the rest without dropout",
                field="code.pytorch",
            )

    def _freeze(self, spec: JobSpec) -> list[Array]:
        """Freeze what the pairing does not train, if there is one; return what it does.

        What the code itself has frozen stays so: then it is not the same job, and that will show.
        """
        tensors = () if spec.code is None else spec.code.tensors
        trained = [self.arrays[tensor.name] for tensor in tensors if tensor.trained]
        wanted = {id(array.tensor) for array in trained}
        for array in self.arrays.values():
            if id(array.tensor) not in wanted:
                array.tensor.requires_grad_(False)
        return trained

    def training_logits(
        self, inputs: torch.Tensor, drawn: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, Sequence[torch.Tensor]]:
        masks = Masks(self.draws, [drawn[site.name] for site in self.sites])
        return self.built.logits(inputs, masks, training=True), ()

    def logits(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.built.logits(inputs, Evaluation(self.built.file), training=False)

    def keep(self, statistics: Sequence[torch.Tensor]) -> None:  # noqa: ARG002 - there are none
        """Take over what the module has moved itself, in its forward pass."""
        self.built.state.settle()

    def norms(self, gradients: Sequence[torch.Tensor | None]) -> Sequence[torch.Tensor]:
        by_parameter = {id(p): g for p, g in zip(self.parameters, gradients, strict=True)}
        found = []
        for array in self._trained:
            gradient = by_parameter.get(id(array.tensor))
            if gradient is None:  # frozen, or the loss does not depend on it
                found.append(array.tensor.new_zeros(()))
            else:
                found.append(torch.linalg.vector_norm(gradient[array.only]))
        return found

    def weights(self) -> Weights:
        return {name: array.read() for name, array in self.arrays.items()}


def paired(spec: JobSpec, found: Sequence[Array]) -> dict[str, Array]:
    """Return a module's arrays by canonical name. Raises BadWeights if the pairing does not fit."""
    named = {}
    for tensor in () if spec.code is None else spec.code.tensors:
        try:
            named[tensor.name] = arrays.named(found, tensor.pytorch)
        except KeyError as error:
            raise BadWeights(
                f"The model of pytorch has no array {tensor.pytorch}, paired as {tensor.name}."
            ) from error
    return named


def write(named: Mapping[str, Array], weights: Weights) -> None:
    """Set the values. Raises BadWeights if names or shapes are not the model's."""
    for name in named.keys() ^ weights.keys():
        raise BadWeights(f"The weights and the pairing differ in {name}.")
    for name, array in named.items():
        shape = array.read().shape
        if weights[name].shape != shape:
            raise BadWeights(f"{name} is {shape} in the model, and {weights[name].shape} is given.")
        array.write(weights[name])
