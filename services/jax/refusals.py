"""What JAX's runner does not do, each in one sentence with the remedy."""

from twinrun.contract.enums import Execution, OwnWay, Recipe
from twinrun.contract.spec import JobSpec

from services.errors import Unsupported
from services.trial.code import Build

# What JAX itself has, without a library for models: how it runs a matched job already, or a
# setting that it is given. All others are defaults of Flax or Optax.
_HAS = frozenset(
    {
        OwnWay.LOSS_READ,
        OwnWay.THREADS,
        OwnWay.TF32,
        OwnWay.JIT_COMPILE,  # all is compiled by XLA
        OwnWay.DENORMALS,  # XLA makes them zero
        OwnWay.SAME_PADDING,  # XLA's puts an odd zero after the image
        OwnWay.MEMORY_LAYOUT,  # channels last
    }
)


def require_supported(spec: JobSpec, build: Build | None = None) -> None:
    """Check the recipe, the execution and the own ways. Raises Unsupported."""
    if spec.recipe is Recipe.IDIOMATIC and (spec.code is not None or build is not None):
        raise Unsupported(
            "JAX trains a model of the user's code in the matched recipe only; take recipe matched",
            field="recipe",
        )
    if spec.code is not None and spec.layers and "jax" not in spec.code.sources:
        raise Unsupported(
            "JAX's runner builds no Flax model of the workload's layers beside another framework's "
            "code; give --code jax=FILE:FUNCTION, too",
            field="layers",
        )
    if spec.recipe is Recipe.IDIOMATIC:
        raise Unsupported(
            "JAX has no idiomatic recipe here yet: its users write models in Flax; take recipe "
            "matched",
            field="recipe",
        )
    if spec.execution is Execution.EAGER:
        raise Unsupported(
            "JAX makes a program of each single operation where it runs op by op, which takes 19 "
            "to 43 times as long as PyTorch and measures nothing else; take execution default",
            field="execution",
        )
    if lacking := [way for way in spec.own_ways if way not in _HAS]:
        raise Unsupported(
            f"own_ways has {', '.join(lacking)}, which JAX itself has no default for: Flax and "
            "Optax have, and JAX's runner does not use them yet; leave it out",
            field="own_ways",
        )
