"""The model that a user of PyTorch would make of a spec, by its modules' own account."""

import torch
from torch import nn

from services.events import LayerSummary, ModelSummarized
from services.pytorch import modules
from services.spec import JobSpec
from services.workload import catalog


def summarize(spec: JobSpec) -> ModelSummarized:
    """Shapes are of what each module makes of a sample of zeros."""
    height, width, channels = shape = catalog.info(spec.dataset).shape
    model = modules.sequential(spec.layers, shape)
    x = torch.zeros(1, channels, height, width)
    layers = []
    with torch.inference_mode():
        for module in model:
            x = module(x)
            made = x.permute(0, 2, 3, 1) if x.ndim == 4 else x
            layers.append(
                LayerSummary(type(module).__name__, tuple(made.shape[1:]), _parameters(module))
            )
    return ModelSummarized(tuple(layers), _parameters(model), str(model))


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
