"""One step of a model of code, layer by layer. `services.trial.trace` says what it returns."""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.interpreters.partial_eval import dce_jaxpr
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec
from twinrun.contract.traced import ModelTraced, TracedCase, TracedTensor

from services.jax import device, losses, optimizers
from services.jax.code.built import Built, Leaves, Ran
from services.jax.code.recording import Draw, Recording
from services.jax.code.tensors import Tensors
from services.jax.code.views import Tensor
from services.model import dropout
from services.model import optimizers as shared
from services.model.weights import Weights, parameter_dtype
from services.trial.code import Build
from services.trial.trace import Traced, require_shape, returned_by

Array = NDArray[np.floating]
# Relative to the largest: sums in another order differ by less, other random numbers by more.
_ROUNDING = 1e-5


def trace(
    spec: JobSpec,
    inputs: Array,
    labels: NDArray[np.generic],
    build: Build,
    weights: Weights | None,
    *,
    returned: Weights = MappingProxyType({}),
) -> Traced:
    """Implement `services.trial.trace.MakeTrace`."""
    with jax.default_device(device.prepare(spec)):
        built = Built(spec, build)
        x, y = jnp.asarray(inputs), jnp.asarray(labels)
        _, recording = built.recorded(built.leaves, x)
        tensors = Tensors(built, recording)
        leaves: Leaves = [*built.leaves]
        named = tensors.by_name(spec) if weights is not None else {}
        for name, array in (weights or {}).items():
            tensors.write(named[name], leaves, array)
        return _Step(spec, built, tensors, x, y).traced(leaves, returned_by("jax", returned))


class _Step:
    """The first step of a job, op by op."""

    def __init__(
        self, spec: JobSpec, built: Built, tensors: Tensors, inputs: jax.Array, labels: jax.Array
    ) -> None:
        self._spec, self._built, self._tensors = spec, built, tensors
        self._inputs, self._labels = inputs, labels

    def traced(self, leaves: Leaves, returned: Weights) -> Traced:
        """Run it; ``returned``: by index as text, what layers return in place of their outputs."""
        given = {int(index): jnp.asarray(array) for index, array in returned.items()}
        first, recording = self._forward(leaves, given)
        again, _ = self._forward(first.leaves, given)
        outputs = recording.outputs
        reals = [place for place, leaf in enumerate(leaves) if _is_real(leaf)]

        def loss_of(
            values: list[jax.Array], moves: list[jax.Array]
        ) -> tuple[jax.Array, tuple[jax.Array, Leaves]]:
            """Return the loss if outputs moved, the logits, and the model's arrays after it."""
            held: Leaves = [*leaves]
            for place, value in zip(reals, values, strict=True):
                held[place] = value
            ran, _ = self._forward(held, given, moves)
            return losses.mean(self._spec)(ran.logits, self._labels), (ran.logits, ran.leaves)

        moves = [jnp.zeros_like(output) for output in outputs]
        (loss, (logits, after)), (slopes, by_output) = jax.value_and_grad(
            loss_of, (0, 1), has_aux=True
        )([leaves[place] for place in reals], moves)
        gradients: list[Any] = [None] * len(leaves)
        for place, slope in zip(reals, slopes, strict=True):
            gradients[place] = slope
        arrays = {"logits": np.array(logits), "loss": np.array(loss).reshape(1)}
        for index, (output, slope) in enumerate(zip(outputs, by_output, strict=True)):
            arrays[f"output/{index}"] = self._whole(output)
            arrays[f"slope/{index}"] = self._whole(slope)
        updated = self._updated(leaves, after, gradients)
        arrays |= self._of_tensors(leaves, gradients, updated)
        asked = jax.make_jaxpr(lambda values: loss_of(values, moves)[0])
        _, needed = dce_jaxpr(asked([leaves[place] for place in reals]).jaxpr, [True])
        needs = {place for place, needs_it in zip(reals, needed, strict=True) if needs_it}
        used = {each.key for each in self._tensors.all if self._is_used(each, needs)}
        random = not _alike(first.logits, again.logits)
        report = ModelTraced(
            layers=tuple(recording.layers),
            tensors=tuple(self._reported(each, used) for each in self._tensors.all),
            draws=tuple(draw.traced for draw in recording.draws),
            notes=tuple(self._notes(recording, used, random=random)),
            case=self._case(),
        )
        return Traced(report, arrays)

    def _forward(
        self,
        leaves: Leaves,
        returned: dict[int, jax.Array],
        moves: Sequence[jax.Array] | None = None,
    ) -> tuple[Ran, Recording]:
        """Call it with the masks of the job's first step; outputs are moved by ``moves``."""

        def instead(index: int, made: jax.Array) -> jax.Array:
            if index in returned:
                place = returned[index].reshape(made.shape) if made.size else made
                require_shape(f"layer {index}", returned[index].shape, self._shape(made))
                made = _through(made, place.astype(made.dtype))
            return made if moves is None else made + moves[index]

        return self._built.recorded(leaves, self._inputs, instead, self._mask)

    def _mask(self, number: int, draw: Draw) -> jax.Array:
        stream = self._spec.seed, 0, number
        samples = len(self._inputs)
        traced = draw.traced
        masks = dropout.masks(traced.rate, traced.shape, stream=stream, first=0, samples=samples)
        return jnp.asarray(masks)

    def _shape(self, array: jax.Array) -> tuple[int, ...]:
        """Return the shape of an output of all samples; an axis with more than those is two."""
        first, *rest = array.shape
        samples = len(self._inputs)
        if first == samples or first % samples:
            return tuple(array.shape)
        return (samples, first // samples, *rest)

    def _whole(self, array: jax.Array) -> Array:
        dtype = parameter_dtype(self._spec.precision)
        return np.array(array.reshape(self._shape(array)), dtype)

    def _updated(self, leaves: Leaves, after: Leaves, gradients: Sequence[Any]) -> Leaves:
        """Return all arrays after the step: the optimizer's on the canonical arrays."""
        trained = [each for each in self._tensors.all if each.trained and not each.tied_to]
        read = self._tensors.read
        parameters = [jnp.asarray(read(each.view, leaves)) for each in trained]
        slopes = [jnp.asarray(read(each.view, gradients)) for each in trained]
        plan = np.stack(shared.schedule(self._spec.optimizer, 0, 1), 1)[0]
        plan = jnp.asarray(plan.astype(parameter_dtype(self._spec.precision)))
        slots = optimizers.slots(self._spec.optimizer, parameters)
        made, _ = optimizers.updated(self._spec.optimizer, parameters, slots, slopes, plan)
        found: Leaves = [*after]
        for each, array in zip(trained, made, strict=True):
            self._tensors.write(each.view, found, array)
        return found

    def _of_tensors(
        self, leaves: Leaves, gradients: Sequence[Any], updated: Leaves
    ) -> dict[str, NDArray[np.generic]]:
        arrays: dict[str, NDArray[np.generic]] = {}
        for tensor in self._tensors.all:
            for suffix, view in tensor.views.items():
                key = tensor.key + suffix
                arrays[f"initial/{key}"] = self._tensors.read(view, leaves)
                arrays[f"updated/{key}"] = self._tensors.read(view, updated)
                if tensor.trained:
                    arrays[f"gradient/{key}"] = self._tensors.read(view, gradients)
        return arrays

    def _is_used(self, tensor: Tensor, needs: set[int]) -> bool:
        """Return whether the loss depends on it; of what is not trained, whether it is called."""
        if not tensor.trained:
            return tensor.layer in self._tensors.called
        return bool(needs & {*self._tensors.places(tensor.view)})

    def _reported(self, tensor: Tensor, used: set[str]) -> TracedTensor:
        return TracedTensor(
            key=tensor.key,
            layer=tensor.layer,
            part=tensor.part,
            shape=tensor.view.shape,
            trained=tensor.trained,
            used=tensor.key in used,
            tied_to=tensor.tied_to,
            variants=tuple(suffix for suffix in tensor.views if suffix),
        )

    def _notes(self, recording: Recording, used: set[str], *, random: bool) -> Iterator[str]:
        yield from self._built.notes
        if random:
            yield (
                "The same batch gives different outputs: something in the model is random that "
                "cannot be reached, such as an augmentation or a sample drawn within it."
            )
        for tensor in self._tensors.all:
            if tensor.trained and tensor.key not in used:
                yield f"The loss does not depend on {tensor.key}."
            if not tensor.trained and tensor.part not in ("moving_mean", "moving_variance"):
                yield f"{tensor.key} is not trained."
        last = recording.layers[-1] if recording.layers else None
        if last is not None and "softmax" in (last.kind, last.settings.get("activation")):
            yield (
                "The model ends in a softmax, but the loss takes logits: its output is taken as "
                "logits all the same."
            )

    def _case(self) -> TracedCase | None:
        if not self._built.source.case:
            return None
        return TracedCase("", "programs of Flax's modules are not written yet")


@jax.custom_vjp
def _through(made: jax.Array, given: jax.Array) -> jax.Array:
    """Return ``given``; gradients pass to what it stands for, ``made``."""
    del made
    return given


_through.defvjp(lambda _, given: (given, given), lambda given, slope: (slope, jnp.zeros_like(given)))


def _is_real(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jnp.floating))


def _alike(one: jax.Array, other: jax.Array) -> bool:
    scale = float(jnp.maximum(jnp.abs(one).max(), jnp.abs(other).max()))
    apart = float(jnp.abs(one - other).max())
    return not apart > _ROUNDING * scale
