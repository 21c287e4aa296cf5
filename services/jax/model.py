"""The model, as a function of its parameters."""

from collections.abc import Iterator, Mapping, Sequence

import jax
import jax.numpy as jnp
from twinrun.contract.layers import Layer, Leaf
from twinrun.contract.nesting import Place, through
from twinrun.contract.spec import JobSpec

from services.jax.layers import KINDS
from services.jax.layers.given import Evaluating, Given, Training
from services.jax.rounding import Rounding
from services.model import dropout, padding, shapes
from services.trial.matched import Held


def logits(
    layers: Sequence[Layer], held: Held[jax.Array], images: jax.Array, rounding: Rounding
) -> jax.Array:
    """Return logits [batch, classes] of ``images`` [batch, h, w, c], in the parameters' precision.

    If ``rounding`` is to another dtype than theirs, so are the factors and results of products.
    """
    given = Evaluating(rounding, iter(held.trained), iter(held.kept), _counted(layers, images))
    return _through(layers, images, given)


def training_logits(
    spec: JobSpec,
    parameters: Sequence[jax.Array],
    images: jax.Array,
    rounding: Rounding,
    drawn: Mapping[str, jax.Array],
) -> tuple[jax.Array, list[jax.Array]]:
    """Return the `logits` of a step, and the batch's statistics, in the order of moving statistics.

    ``drawn``: by name, as in `services.trial.chunks.Chunk`, for this step.
    """
    masks: Iterator[jax.Array] = iter([drawn[name] for name in dropout.names(spec.layers)])
    counted = _counted(spec.layers, images)
    given = Training(rounding, iter(parameters), masks, counted=counted)
    return _through(spec.layers, images, given), given.statistics


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
