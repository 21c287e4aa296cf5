"""A job's layers as a Keras model, for comparison with another framework's code."""

import keras
from twinrun.contract.enums import Recipe
from twinrun.contract.layers import BatchNorm
from twinrun.contract.nesting import named
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.keras.model import POLICIES, users


def of_layers(spec: JobSpec) -> keras.Model:
    """Build what users would; in the matched recipe batch norms have the spec's numbers."""
    shape = catalog.info(spec.dataset).shape
    model, made = users(spec.layers, shape, POLICIES[spec.precision])
    if spec.recipe is Recipe.MATCHED:
        for name, layer in named(spec.layers):
            if isinstance(layer, BatchNorm):
                own = made[name]
                own.epsilon, own.momentum = layer.epsilon, layer.momentum
    return model
