"""The user's model as it reports itself: each layer once, in order of calls."""

import math
from collections.abc import Sequence

import jax.numpy as jnp
from twinrun.contract.events import LayerSummary, ModelSummarized
from twinrun.contract.spec import JobSpec

from services.data import arrays
from services.jax.code.built import Built
from services.jax.code.tensors import Tensors
from services.jax.code.views import Tensor
from services.jax.summary import table
from services.trial.code import Build


def summarized(spec: JobSpec, build: Build) -> ModelSummarized:
    """Summarise the user's model. Raises CodeFailed, Unsupported."""
    built = Built(spec, build)
    recording = built.followed(jnp.asarray(arrays.blank(spec, 2)))
    held = [each for each in Tensors(built, recording).all if not each.tied_to]
    layers = tuple(
        LayerSummary(
            layer.type,
            layer.output_shape,
            *_counts([each for each in held if each.layer == layer.path]),
        )
        for layer in recording.layers
        if not layer.call
    )
    total, untrained = _counts(held)
    return ModelSummarized(layers, total, table(layers, total), untrained)


def _counts(tensors: Sequence[Tensor]) -> tuple[int, int]:
    """Return the number of all values, and of untrained ones."""
    sizes = [(math.prod(each.view.shape), each.trained) for each in tensors]
    return sum(size for size, _ in sizes), sum(size for size, trained in sizes if not trained)
