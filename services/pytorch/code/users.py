"""The user's module as PyTorch's users train it, and as it reports itself."""

import torch
from torch import nn
from twinrun.contract.events import LayerSummary, ModelSummarized
from twinrun.contract.spec import JobSpec

from services.data import arrays as data
from services.model.weights import Weights
from services.pytorch.code import arrays
from services.pytorch.code.built import Built
from services.pytorch.code.model import paired, write
from services.trial.code import Build


class UsersModel:
    """The module, with nothing replaced, and its arrays by canonical name.

    ``samples`` [n, ...], as the dataset lays them out, tell how its arrays are laid out.
    """

    def __init__(
        self, spec: JobSpec, build: Build, samples: torch.Tensor, weights: Weights | None
    ) -> None:
        self.built = Built(spec, build, samples.device)
        recording = self.built.tried(samples)
        found = arrays.of(self.built.module, recording.images, recording.columns)
        self._arrays = paired(spec, found)
        if weights is not None:
            write(self._arrays, weights)

    def weights(self) -> Weights:
        self.built.state.settle()
        return {name: array.read() for name, array in self._arrays.items()}


def summarized(spec: JobSpec, build: Build) -> ModelSummarized:
    """Summarise the user's model: each layer once, in order of calls."""
    built = Built(spec, build, torch.device("cpu"))
    recording = built.tried(torch.from_numpy(data.blank(spec, 2)))
    modules = dict(built.module.named_modules())
    layers = [
        LayerSummary(layer.type, layer.output_shape, *counts(modules[layer.path]))
        for layer in recording.layers
        if layer.path in modules and not layer.call
    ]
    parameters, untrained = counts(built.module)
    return ModelSummarized(tuple(layers), parameters, str(built.module), untrained)


def counts(module: nn.Module) -> tuple[int, int]:
    """Return the number of all values of a module, and of untrained ones, which PyTorch separates.

    The count of batches is left out, because Keras does not keep it, and what is not saved.
    """
    saved = module.state_dict()
    untrained = sum(
        tensor.numel()
        for name, tensor in module.named_buffers()
        if name in saved and not name.endswith("num_batches_tracked")
    )
    return sum(parameter.numel() for parameter in module.parameters()) + untrained, untrained
