"""The user's module as Flax's users train it."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec

from services.jax.code.built import Built, Leaves
from services.jax.code.tensors import Tensors
from services.model.weights import Weights
from services.trial.code import Build


class UsersModel:
    """The module, with nothing replaced, and its arrays by canonical name.

    ``images`` [n, ...], as the dataset lays them out, tell how its arrays are laid out.
    ``weights``: what they begin with, if not with its own.
    """

    def __init__(
        self, spec: JobSpec, build: Build, images: NDArray[np.generic], weights: Weights | None
    ) -> None:
        self._built = Built(spec, build)
        tensors = Tensors(self._built, self._built.followed(jnp.asarray(images[:2])))
        self._tensors, self._views = tensors, tensors.by_name(spec)
        leaves: Leaves = [*self._built.leaves]
        given: Mapping[str, NDArray[np.floating]] = weights or {}
        for name, array in given.items():
            tensors.write(self._views[name], leaves, jnp.asarray(array))
        self.network = self._built.merged(leaves, training=True)

    def logits(
        self, network: nnx.Module, images: jax.Array, draws: jax.Array | None, *, training: bool
    ) -> jax.Array:
        """Return what the ``network`` makes; ``draws``: the key of a call that draws."""
        return self._built.logits_of_users(network, images, draws, training=training)

    def weights(self) -> Weights:
        """Return copies of the arrays with canonical names and layouts."""
        leaves = jax.tree.leaves(nnx.state(self.network))
        return {
            name: np.array(self._tensors.read(view, leaves)) for name, view in self._views.items()
        }
