"""A job's layers as a Flax model, for comparison with another framework's code."""

from flax import nnx
from twinrun.contract.enums import Recipe
from twinrun.contract.layers import BatchNorm
from twinrun.contract.nesting import named
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.jax.idiomatic.model import users


def of_layers(spec: JobSpec) -> nnx.Module:
    """Build what users would; in the matched recipe batch norms have the spec's numbers."""
    found = users(spec.layers, catalog.info(spec.dataset).shape, spec.seed, spec.precision)
    if spec.recipe is Recipe.MATCHED:
        for name, layer in named(spec.layers):
            if isinstance(layer, BatchNorm):
                _, norm = found.made[name]
                norm.epsilon, norm.momentum = layer.epsilon, layer.momentum
    return found.network
