"""The defaults of Flax, Optax and Grain, for jobs that use them: by their own code.

They are imported only where a job asks for them: together they take as long as JAX.
"""

import inspect
import itertools

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import (
    DecayForm,
    Distribution,
    FanMode,
    OwnWay,
)
from twinrun.contract.initializers import Normal, VarianceScaling, Zeros
from twinrun.contract.layers import BatchNorm, GroupNorm, LayerNorm, RmsNorm
from twinrun.contract.norms import Norm
from twinrun.contract.spec import JobSpec

from services.jax import optimizers
from services.model.own import Defaults, changed
from services.model.weights import Weights, initial


def as_it_does(spec: JobSpec) -> JobSpec:
    """Return the spec as changed by Flax's and Optax's own ways."""
    if not spec.own_ways:
        return spec
    spec = optimizers.in_its_ways(spec)
    return changed(
        spec,
        Defaults(
            epsilon=lambda layer: number(layer, "epsilon"),
            momentum=number(BatchNorm(), "momentum"),
            decay=DecayForm.DECOUPLED_TIMES_RATE,  # as `optax.adamw` has it
            initializers={
                "kernel_initializer": VarianceScaling(1, FanMode.IN, Distribution.NORMAL),
                "bias_initializer": Zeros(),
            },
            table=lambda layer: Normal(layer.width**-0.5),
        ),
    )


def number(layer: Norm, field: str) -> float:
    """Return Flax's own of a norm's ``field``, epsilon or momentum."""
    from flax import nnx  # noqa: PLC0415

    modules: dict[type, type[nnx.Module]] = {
        BatchNorm: nnx.BatchNorm,
        LayerNorm: nnx.LayerNorm,
        GroupNorm: nnx.GroupNorm,
        RmsNorm: nnx.RMSNorm,
    }
    return float(inspect.signature(modules[type(layer)].__init__).parameters[field].default)


def initial_weights(spec: JobSpec, shape: tuple[int, ...]) -> Weights:
    """Draw weights as Flax's modules do, for samples of ``shape`` [h, w, c].

    Or by the spec's own initialisers, which are then Flax's, and the shared generator.
    """
    if OwnWay.INITIAL_WEIGHTS not in spec.own_ways:
        return initial(spec.layers, shape, spec.seed, spec.precision)
    from services.jax.idiomatic import model  # noqa: PLC0415

    return model.users(spec.layers, shape, spec.seed, spec.precision).weights()


def permutation(seed: int, epoch: int, samples: int) -> NDArray[np.int32]:
    """Return sample indices of an epoch, int32[samples], as Grain's sampler shuffles them."""
    from services.jax.idiomatic import pipeline  # noqa: PLC0415

    of_epoch = next(itertools.islice(pipeline.seeds(seed), epoch, None))
    return np.array([each.record_key for each in pipeline.sampler(samples, of_epoch)], np.int32)
