"""What each of Flax's modules is given where it is made."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from flax import nnx
from twinrun.contract.enums import MIXED, Precision

from services.jax.device import PRODUCTS


@dataclass(frozen=True, slots=True)
class Making:
    """The generators, and the job's precision.

    In 16 bits, modules compute in them, and their parameters are float32: Flax's ``dtype``.
    """

    rngs: nnx.Rngs
    precision: Precision = Precision.FLOAT32

    @property
    def given(self) -> dict[str, Any]:
        """Return the arguments that each module with parameters takes."""
        if self.precision in MIXED:
            return {"rngs": self.rngs, "dtype": PRODUCTS[self.precision]}
        if self.precision is Precision.FLOAT64:
            return {"rngs": self.rngs, "param_dtype": jnp.float64}
        return {"rngs": self.rngs}
