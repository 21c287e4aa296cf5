"""Training on JAX: both recipes, by XLA."""

import os
from types import MappingProxyType
from typing import assert_never

from services.machine import before_jax

os.environ.update(before_jax.variables())
# Before any array. What is float32 stays float32.
os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import Recipe
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.jax.environment import environment
from services.jax.matched import MatchedTrainer
from services.jax.measure import measure
from services.jax.summary import summarize
from services.jax.together import leave
from services.model.weights import Weights
from services.trial import trainer
from services.trial.code import Build
from services.trial.trace import Traced


def Trainer(  # noqa: N802
    spec: JobSpec,
    data: Data,
    weights: Weights | None,
    build: Build | None = None,
    group: Group = ALONE,
) -> trainer.Trainer:
    """Return the trainer of the spec's recipe."""
    match spec.recipe:
        case Recipe.MATCHED:
            return MatchedTrainer(spec, data, weights, build, group)
        case Recipe.IDIOMATIC:
            from services.jax.idiomatic.trainer import IdiomaticTrainer  # noqa: PLC0415 - Flax

            return IdiomaticTrainer(spec, data, weights, build)
        case _:
            assert_never(spec.recipe)


def of_layers(spec: JobSpec) -> object:
    """Build the model of a job's layers, whose other side is the user's code."""
    from services.jax.code.layered import of_layers as made  # noqa: PLC0415 - Flax takes a while

    return made(spec)


def trace(
    spec: JobSpec,
    inputs: NDArray[np.floating],
    labels: NDArray[np.generic],
    build: Build,
    weights: Weights | None,
    *,
    returned: Weights = MappingProxyType({}),
) -> Traced:
    """Trace a model of the user's code: `services.trial.trace.MakeTrace`."""
    from services.jax.code.trace import trace as traced  # noqa: PLC0415 - Flax takes a while

    return traced(spec, inputs, labels, build, weights, returned=returned)


__all__ = ["Trainer", "environment", "leave", "measure", "of_layers", "summarize", "trace"]
