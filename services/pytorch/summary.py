"""The model that a user of PyTorch would build from a spec, as its modules report it."""

import torch
from torch import nn
from twinrun.contract.events import LayerSummary, ModelSummarized
from twinrun.contract.nesting import named
from twinrun.contract.spec import JobSpec

from services.data import arrays
from services.model.shapes import trained_layers
from services.pytorch.code.users import counts, summarized
from services.pytorch.model import laid, module_of, sequential
from services.trial.code import Build


def summarize(spec: JobSpec, build: Build | None = None) -> ModelSummarized:
    """Summarise the model; shapes are the modules' outputs for a sample of zeros."""
    if build is not None:
        return summarized(spec, build)
    blank = torch.from_numpy(arrays.blank(spec, 1))
    model = sequential(spec.layers, tuple(blank.shape[1:])).eval()
    if blank.is_floating_point():
        model.to(blank.dtype)
    x = blank.reshape(1, *laid(blank.shape[1:]))
    layers: list[LayerSummary] = []

    def told(module: nn.Module, _: tuple[torch.Tensor], made: torch.Tensor) -> None:
        made = made.permute(0, 2, 3, 1) if made.ndim == 4 else made
        layers.append(LayerSummary(type(module).__name__, tuple(made.shape[1:]), *counts(module)))

    for name, _ in named(trained_layers(spec.layers)):
        module_of(model, name).register_forward_hook(told)
    with torch.inference_mode():
        model(x)
    parameters, untrained = counts(model)
    return ModelSummarized(tuple(layers), parameters, str(model), untrained)
