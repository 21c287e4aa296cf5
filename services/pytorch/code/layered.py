"""A job's layers as a module, for comparison with another framework's code."""

from torch import nn
from twinrun.contract.enums import Recipe
from twinrun.contract.layers import BatchNorm
from twinrun.contract.nesting import named
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.pytorch.model import module_of, sequential


def of_layers(spec: JobSpec) -> nn.Module:
    """Build what users would; in the matched recipe batch norms have the spec's numbers."""
    modules = sequential(spec.layers, catalog.info(spec.dataset).shape)
    if spec.recipe is Recipe.MATCHED:
        for name, layer in named(spec.layers):
            if isinstance(layer, BatchNorm):
                module = module_of(modules, name)
                module.eps, module.momentum = layer.epsilon, 1 - layer.momentum
    return modules
