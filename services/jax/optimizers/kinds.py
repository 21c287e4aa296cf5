"""What JAX computes for each kind of optimizer. One module for each."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast

import jax
from twinrun.contract import optimizers as contract

from services.model.kinds import optimizer_modules

K_contra = TypeVar("K_contra", contravariant=True)
Numbers = tuple[jax.Array, jax.Array]  # rate and epsilon, by `model.optimizers.schedule`
Usual = tuple[str, dict[str, Any]]  # a function of Optax, and its arguments
Moved = tuple[jax.Array, list[jax.Array]]  # what is taken off a weight, and the state after it


class Kind(Protocol[K_contra]):
    """A module of this folder, for the optimizers of one class."""

    def usual(self, kind: K_contra, /) -> Usual:
        """Return what users of Optax call. Epsilon, and where it stands, are Optax's."""

    def step(
        self, kind: K_contra, g: jax.Array, state: Sequence[jax.Array], numbers: Numbers, /
    ) -> Moved:
        """Return what one step takes off a weight with the gradient ``g``."""


# Each module takes the one class under which it is found.
KINDS = cast("Mapping[type, Kind[contract.Kind]]", optimizer_modules("services.jax.optimizers"))
