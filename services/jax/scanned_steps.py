"""Steps in one call for a chunk: one program of XLA, a `lax.scan` over its steps."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec

from services.jax import augmentation, device, losses, model, optimizers
from services.jax.layers.norms import batch_norm
from services.jax.rounding import Rounding
from services.model import optimizers as shared
from services.model import sites
from services.model.weights import parameter_dtype
from services.trial import chunks, matched
from services.trial.chunks import Chunk
from services.trial.matched import Held

# As in `services.trial.chunks.Chunk`; for one step, without the first axis.
Drawn = Mapping[str, jax.Array]
# Of steps, or of one: the indices of its samples, what was drawn, and the optimizer's numbers.
Given = tuple[jax.Array, Drawn, jax.Array]


class State(NamedTuple):
    """All that steps change: parameters, moving statistics, and what the optimizer keeps."""

    trained: list[jax.Array]
    kept: list[jax.Array]
    slots: optimizers.Slots


class ScannedSteps:
    """Trains the arrays ``held``, from the images and labels on the device.

    XLA compiles once for each length of a chunk and size of a batch, of which a job has three at
    most. The state is donated: each call writes it where the one before had it.
    """

    def __init__(
        self,
        spec: JobSpec,
        held: Held[jax.Array],
        images: jax.Array,
        labels: jax.Array,
        rounding: Rounding,
    ) -> None:
        self._spec, self._rounding = spec, rounding
        self._loss, self._losses = losses.mean(spec), losses.each(spec)
        self._accuracy = losses.accuracy(spec)
        self._augment = augmentation.augment(spec)
        self._images, self._labels = images, labels
        self.sites = sites.of_layers(spec.layers, images.shape[1:])
        slots = optimizers.slots(spec.optimizer, held.trained)
        self._state = State(list(held.trained), list(held.kept), slots)
        options = device.compiler_options(spec)
        self._chunk = jax.jit(self._loop, donate_argnums=0, compiler_options=options)
        self._taken = 0

    @property
    def held(self) -> Held[jax.Array]:
        """The current parameters and moving statistics; the next `run` makes others of them."""
        return Held(self._state.trained, self._state.kept)

    def run(self, chunk: Chunk) -> jax.Array:
        """Run the steps of ``chunk``; return their measurements, on the device.

        They have the form that `services.trial.matched.steps_taken` expects.
        """
        self._state, measured = self._ran(self._state, chunk, self._taken)
        self._taken += len(chunk)
        return measured

    def advance(self, steps: int) -> None:
        """Advance as `services.trial.trainer.Trainer.advance`."""
        self._taken = steps

    def warm_up(self, lengths: Sequence[tuple[int, int]]) -> None:
        """Run steps of each of the shapes ``lengths``, on copies: those are donated."""
        for steps, batch in lengths:
            shape = tuple(self._images.shape)
            blank = chunks.blank(self._spec, shape, steps, batch, self.sites)
            copied = jax.tree.map(jnp.copy, self._state)
            jax.block_until_ready(self._ran(copied, blank, 0))

    def _ran(self, state: State, chunk: Chunk, taken: int) -> tuple[State, jax.Array]:
        plan = np.stack(shared.schedule(self._spec.optimizer, taken, len(chunk)), 1)
        plan = plan.astype(parameter_dtype(self._spec.precision))
        given = chunk.indices, dict(chunk.drawn), plan
        ran: tuple[State, jax.Array] = self._chunk(state, (self._images, self._labels), given)
        return ran

    def _loop(
        self, state: State, samples: tuple[jax.Array, jax.Array], chunk: Given
    ) -> tuple[State, jax.Array]:
        """Run the steps of a chunk of the ``samples``, images and their labels."""

        def step(state: State, given: Given) -> tuple[State, jax.Array]:
            batch, drawn, plan = given
            images, labels = (jnp.take(array, batch, axis=0, mode="clip") for array in samples)
            return self._step(state, self._augment(images, drawn), labels, drawn, plan)

        ran: tuple[State, jax.Array] = lax.scan(step, state, chunk)
        return ran

    def _step(
        self, state: State, images: jax.Array, labels: jax.Array, drawn: Drawn, plan: jax.Array
    ) -> tuple[State, jax.Array]:
        """Run one step on ``images`` [samples, h, w, c] and ``drawn``; return its measurements."""
        batches = [
            self._computed(
                *(state.trained, images[part], labels[part]),
                {name: array[part] for name, array in drawn.items()},
                share,
            )
            for part, share in matched.batches(self._spec, len(labels))
        ]
        gradients, loss, logits, found = matched.together(batches, jnp.concatenate)
        measured = loss
        if self._spec.report_step_details:
            measured = jnp.stack([loss, *self._details(logits, labels, gradients)])
        trained, slots = optimizers.updated(
            self._spec.optimizer, state.trained, state.slots, gradients, plan
        )
        kept = state.kept
        for statistics in found:
            kept = batch_norm.moved(self._spec.layers, kept, statistics)
        return State(trained, kept, slots), measured

    def _computed(
        self,
        parameters: list[jax.Array],
        images: jax.Array,
        labels: jax.Array,
        drawn: Drawn,
        share: float,
    ) -> matched.Computed[jax.Array]:
        """Return what a batch makes, with its ``share`` of the step's loss."""
        scale = self._spec.gradient_scale

        def scaled(parameters: list[jax.Array]) -> tuple[jax.Array, tuple[jax.Array, ...]]:
            logits, statistics = model.training_logits(
                self._spec, parameters, images, self._rounding, drawn
            )
            loss = self._loss(logits, labels)
            loss = loss if share == 1 else loss * share
            return loss if scale == 1 else loss * scale, (loss, logits, statistics)

        gradients, (loss, logits, statistics) = jax.grad(scaled, has_aux=True)(parameters)
        if scale != 1:
            gradients = [gradient / scale for gradient in gradients]
        return gradients, loss, logits, [statistics]

    def _details(
        self, logits: jax.Array, labels: jax.Array, gradients: Sequence[jax.Array]
    ) -> list[jax.Array]:
        """Return a step's details after its loss, as `steps_taken` expects."""
        each = self._losses(logits, labels)
        places = jnp.arange(1, len(each) + 1, dtype=each.dtype)
        ordered = (each * places).sum() / places.sum()
        norms = [jnp.sqrt((gradient * gradient).sum()) for gradient in gradients]
        return [ordered, self._accuracy(logits, labels), *norms]


def numbers(array: jax.Array) -> NDArray[np.floating]:
    """Return an array in the host's memory, once it is there."""
    found: NDArray[np.floating] = np.asarray(array)
    return found
