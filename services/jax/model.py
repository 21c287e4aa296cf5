"""The model, as a function of its parameters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
from twinrun.contract.layers import Layer, Leaf
from twinrun.contract.nesting import Place, through
from twinrun.contract.spec import JobSpec

from services.jax.layers import KINDS
from services.jax.layers.given import Evaluating, Given, Training
from services.jax.layers.norms import batch_norm
from services.jax.rounding import Rounding
from services.model import dropout, padding, shapes, sites
from services.model.sites import Site
from services.model.weights import Weights
from services.trial import matched
from services.trial.matched import Held


class Model(Protocol):
    """What steps train, as functions of its arrays. ``held``: those at first, to be donated.

    ``sites``: where it draws masks.
    """

    @property
    def sites(self) -> Sequence[Site]: ...

    @property
    def held(self) -> Held[jax.Array]: ...

    def training_logits(
        self,
        trained: Sequence[jax.Array],
        kept: Sequence[jax.Array],
        images: jax.Array,
        drawn: Mapping[str, jax.Array],
    ) -> tuple[jax.Array, Sequence[jax.Array]]:
        """Return the logits [batch, ...] of ``images`` [batch, ...], and what is kept after it.

        ``drawn``: by name, as in `services.trial.chunks.Chunk`, for this step.
        """

    def logits(
        self, trained: Sequence[jax.Array], kept: Sequence[jax.Array], images: jax.Array
    ) -> jax.Array:
        """Return the logits of an evaluation."""

    def weights(self, held: Held[jax.Array]) -> Weights:
        """Return copies of all parameters and statistics by name, in model order."""


class LayersModel:
    """A `Model` of a spec's layers, for samples of ``shape``; ``weights`` in model order.

    If ``rounding`` is to another dtype than theirs, so are the factors and results of products.
    """

    def __init__(
        self, spec: JobSpec, shape: tuple[int, ...], weights: Weights, rounding: Rounding
    ) -> None:
        self._spec, self._rounding, self._order = spec, rounding, list(weights)
        self._names = matched.trained(spec, shape)
        # Copied: what is donated is written to.
        arrays = {name: jnp.array(array) for name, array in weights.items()}
        self.held = matched.held(self._names, arrays)
        self.sites = sites.of_layers(spec.layers, shape)

    def training_logits(
        self,
        trained: Sequence[jax.Array],
        kept: Sequence[jax.Array],
        images: jax.Array,
        drawn: Mapping[str, jax.Array],
    ) -> tuple[jax.Array, Sequence[jax.Array]]:
        layers = self._spec.layers
        masks: Iterator[jax.Array] = iter([drawn[name] for name in dropout.names(layers)])
        counted = _counted(layers, images)
        given = Training(self._rounding, iter(trained), masks, counted=counted)
        logits = _through(layers, images, given)
        return logits, batch_norm.moved(layers, kept, given.statistics)

    def logits(
        self, trained: Sequence[jax.Array], kept: Sequence[jax.Array], images: jax.Array
    ) -> jax.Array:
        layers = self._spec.layers
        counted = _counted(layers, images)
        given = Evaluating(self._rounding, iter(trained), iter(kept), counted)
        return _through(layers, images, given)

    def weights(self, held: Held[jax.Array]) -> Weights:
        kept = iter(held.kept)
        trained = dict(zip(self._names, held.trained, strict=True))
        # Copied: the next chunk is donated the arrays themselves.
        return {
            name: np.array(trained[name] if name in trained else next(kept)) for name in self._order
        }


def _through(layers: Sequence[Layer], images: jax.Array, given: Given) -> jax.Array:
    made = through(shapes.trained_layers(layers), images, _Computed(given))
    if given.counted is None or made.ndim == 2:
        return made
    # What layers make of a padded step is nobody's, and not the same in all frameworks.
    return jnp.where(given.counted[..., None], made, 0)


def _counted(layers: Sequence[Layer], codes: jax.Array) -> jax.Array | None:
    code = padding.code(layers)
    return None if code is None else codes != code


class _Computed:
    """A `Walk` that computes the output of a matched job."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def run(self, leaves: Sequence[tuple[Place, Leaf]], x: jax.Array) -> jax.Array:
        for _, leaf in leaves:
            x = KINDS[type(leaf)].computed(leaf, x, self._given)
        return x

    def total(self, _: Place, made: jax.Array, shortcut: jax.Array) -> jax.Array:
        return made + shortcut

    def beside(self, _: Place, made: Sequence[jax.Array]) -> jax.Array:
        return jnp.concatenate(made, -1)
