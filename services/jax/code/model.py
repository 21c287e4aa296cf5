"""A model of the user's code, as the matched recipe trains it."""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec

from services.errors import CodeFailed
from services.jax.code.built import Built, Leaves
from services.jax.code.recording import Evaluation, Replay
from services.jax.code.tensors import Tensors
from services.model import sites
from services.model.weights import Weights
from services.trial import code
from services.trial.code import Build
from services.trial.matched import Held


class CodeModel:
    """A `services.jax.model.Model` of the spec's tensors, with ``weights`` or else its own.

    What is trained are the canonical arrays themselves: the model's own are made of them in each
    step. What is kept are all others of the model's, in its own order.

    ``images`` [n, ...] of the dataset: one call with the first ones tells what the model does.
    """

    def __init__(
        self, spec: JobSpec, images: NDArray[np.floating], build: Build, weights: Weights | None
    ) -> None:
        if not code.tensors(spec):
            raise CodeFailed("The tensors of the job's code have not been paired.")
        self._built = built = Built(spec, build)
        recording = built.followed(jnp.asarray(images[:2]))
        self._draws = recording.draws
        self.sites = sites.of_draws(draw.traced for draw in self._draws)
        self._tensors = tensors = Tensors(built, recording)
        self._views = tensors.by_name(spec)
        leaves: Leaves = [*built.leaves]
        for name, array in (weights or {}).items():
            tensors.write(self._views[name], leaves, array)
        self._trained = {
            tensor.name: self._views[tensor.name] for tensor in code.tensors(spec) if tensor.trained
        }
        places = {place for view in self._trained.values() for place in tensors.places(view)}
        self._others = [place for place in range(len(leaves)) if place not in places]
        self._count = len(leaves)
        # Copied: what is donated is written to.
        self.held = Held(
            [jnp.array(tensors.read(view, leaves)) for view in self._trained.values()],
            [jax.tree.map(jnp.copy, leaves[place]) for place in self._others],
        )

    def training_logits(
        self,
        trained: Sequence[jax.Array],
        kept: Sequence[jax.Array],
        images: jax.Array,
        drawn: Mapping[str, jax.Array],
    ) -> tuple[jax.Array, list[jax.Array]]:
        """Return a step's logits, and what the model keeps after it."""
        masks = Replay(self._draws, [drawn[site.name] for site in self.sites])
        ran = self._built.run(self._leaves(trained, kept), images, masks, training=True)
        return ran.logits, [jax.lax.stop_gradient(ran.leaves[place]) for place in self._others]

    def logits(
        self, trained: Sequence[jax.Array], kept: Sequence[jax.Array], images: jax.Array
    ) -> jax.Array:
        """Return the logits of an evaluation."""
        leaves = self._leaves(trained, kept)
        return self._built.run(leaves, images, Evaluation(), training=False).logits

    def _leaves(self, trained: Sequence[jax.Array], kept: Sequence[jax.Array]) -> Leaves:
        leaves: Leaves = [None] * self._count
        for place, array in zip(self._others, kept, strict=True):
            leaves[place] = array
        for view, array in zip(self._trained.values(), trained, strict=True):
            self._tensors.write(view, leaves, array)
        return leaves

    def weights(self, held: Held[jax.Array]) -> Weights:
        """Return copies of all paired arrays by name, in the spec's order."""
        trained = dict(zip(self._trained, held.trained, strict=True))
        leaves: Leaves = [None] * self._count
        for place, array in zip(self._others, held.kept, strict=True):
            leaves[place] = array
        return {
            name: np.array(trained[name] if name in trained else self._tensors.read(view, leaves))
            for name, view in self._views.items()
        }
