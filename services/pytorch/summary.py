"""The model that a user of PyTorch would build from a spec, as its modules report it."""

import torch
from torch import nn
from twinrun.contract.events import LayerSummary, ModelSummarized
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.pytorch.model import laid, sequential


def summarize(spec: JobSpec) -> ModelSummarized:
    """Summarise the model; shapes are the modules' outputs for a sample of zeros."""
    shape = catalog.info(spec.dataset).shape
    model = sequential(spec.layers, shape).eval()
    x = torch.zeros(1, *laid(shape))
    layers = []
    with torch.inference_mode():
        for module in model:
            x = module(x)
            made = x.permute(0, 2, 3, 1) if x.ndim == 4 else x
            layers.append(
                LayerSummary(type(module).__name__, tuple(made.shape[1:]), *_counts(module))
            )
    parameters, untrained = _counts(model)
    return ModelSummarized(tuple(layers), parameters, str(model), untrained)


def _counts(module: nn.Module) -> tuple[int, int]:
    """Return the number of all values of a module, and of untrained ones, which PyTorch separates.

    The count of batches is left out, because Keras does not keep it.
    """
    untrained = sum(
        tensor.numel()
        for name, tensor in module.named_buffers()
        if not name.endswith("num_batches_tracked")
    )
    return sum(parameter.numel() for parameter in module.parameters()) + untrained, untrained
