"""A job's layers as a module, for comparison with another framework's code."""

from torch import nn
from twinrun.contract.enums import Recipe
from twinrun.contract.layers import BatchNorm
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.pytorch.model import sequential


def of_layers(spec: JobSpec) -> nn.Module:
    """Build what users would; in the matched recipe batch norms have the spec's numbers."""
    modules = sequential(spec.layers, catalog.info(spec.dataset).shape)
    if spec.recipe is Recipe.MATCHED:
        for layer, module in zip(spec.layers, modules, strict=False):
            if isinstance(layer, BatchNorm):
                module.eps, module.momentum = layer.epsilon, 1 - layer.momentum
    return modules
