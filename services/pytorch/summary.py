"""The model that a user of PyTorch would build from a spec, as its modules report it."""

import torch
from twinrun.contract.events import LayerSummary, ModelSummarized
from twinrun.contract.spec import JobSpec

from services.data import arrays
from services.pytorch.code.users import counts, summarized
from services.pytorch.model import laid, sequential
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
