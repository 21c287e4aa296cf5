"""The model that a user of PyTorch would build from a spec, as its modules report it."""

import torch
from twinrun.contract.events import LayerSummary, ModelSummarized
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.pytorch.code.users import counts, summarized
from services.pytorch.model import laid, sequential
from services.trial.code import Build


def summarize(spec: JobSpec, build: Build | None = None) -> ModelSummarized:
    """Summarise the model; shapes are the modules' outputs for a sample of zeros."""
    shape = catalog.info(spec.dataset).shape
    if build is not None:
        return summarized(spec, build, shape)
    model = sequential(spec.layers, shape).eval()
    x = torch.zeros(1, *laid(shape))
    layers = []
    with torch.inference_mode():
        for module in model:
            x = module(x)
            made = x.permute(0, 2, 3, 1) if x.ndim == 4 else x
            layers.append(
                LayerSummary(type(module).__name__, tuple(made.shape[1:]), *counts(module))
            )
    parameters, untrained = counts(model)
    return ModelSummarized(tuple(layers), parameters, str(model), untrained)
