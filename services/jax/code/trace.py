"""One step of a model of code, layer by layer. `services.trial.trace` says what it returns."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
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
from services.jax.code import kinds
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
# It runs twice: optimizing would take longer than it saves.
_QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


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
        recording = built.followed(x)
        tensors = Tensors(built, recording)
        leaves: Leaves = [*built.leaves]
        named = tensors.by_name(spec) if weights is not None else {}
        for name, array in (weights or {}).items():
            tensors.write(named[name], leaves, jnp.asarray(array))
        step = _Step(spec, (built, tensors, recording), (x, y), returned_by("jax", returned))
        return step.traced(leaves)


class _Step:
    """The first step of a job, as one program that is made in little time.

    ``returned``: by index as text, what layers return in place of their outputs, canonical.
    """

    def __init__(
        self,
        spec: JobSpec,
        model: tuple[Built, Tensors, Recording],
        batch: tuple[jax.Array, jax.Array],
        returned: Weights,
    ) -> None:
        self._spec = spec
        self._built, self._tensors, self._recording = model
        self._inputs, self._labels = batch
        self._returned = {int(index): jnp.asarray(array) for index, array in returned.items()}
        self._reals = [place for place, leaf in enumerate(self._built.leaves) if _is_real(leaf)]

    def traced(self, leaves: Leaves) -> Traced:
        """Run it, a second time as well: something is random if that makes other logits."""
        program = jax.jit(self._computed).lower(leaves).compile(_QUICKLY)
        found, seen, after = program(leaves)
        again, *_ = program(
            [leaf if _is_real(leaf) else later for leaf, later in zip(leaves, after, strict=True)]
        )
        arrays = {name: np.array(array) for name, array in found.items()}
        used = self._used(leaves)
        random = not _alike(arrays["logits"], np.array(again["logits"]))
        layers = [
            replace(layer, settings=kinds.seen(layer.settings, np.array(seen[index]), self._count))
            if index in seen
            else layer
            for index, layer in enumerate(self._recording.layers)
        ]
        report = ModelTraced(
            layers=tuple(layers),
            tensors=tuple(self._reported(each, used) for each in self._tensors.all),
            draws=tuple(draw.traced for draw in self._recording.draws),
            notes=tuple(self._notes(used, random=random)),
            case=self._case(),
        )
        return Traced(report, arrays)

    @property
    def _count(self) -> int:
        return len(self._inputs)

    def _computed(
        self, leaves: Leaves
    ) -> tuple[dict[str, jax.Array], dict[int, jax.Array], Leaves]:
        """Return the trace's arrays, attention's masks by layer, and the model's arrays after."""
        recorded: list[Recording] = []

        def loss_of(
            values: list[jax.Array], moves: list[jax.Array]
        ) -> tuple[jax.Array, tuple[jax.Array, Leaves, list[jax.Array], dict[int, jax.Array]]]:
            """Return the loss if outputs moved; the logits, and more that the call makes."""
            ran, recording = self._forward(self._with(leaves, values), moves)
            recorded.append(recording)
            loss = losses.mean(self._spec)(ran.logits, self._labels)
            return loss, (ran.logits, ran.leaves, recording.outputs, recording.seen)

        moves = [jnp.zeros(each.shape, each.dtype) for each in self._recording.outputs]
        (loss, (logits, after, outputs, seen)), (slopes, by_output) = jax.value_and_grad(
            loss_of, (0, 1), has_aux=True
        )([leaves[place] for place in self._reals], moves)
        gradients: list[Any] = [None] * len(leaves)
        for place, slope in zip(self._reals, slopes, strict=True):
            gradients[place] = slope
        arrays = {"logits": logits, "loss": loss.reshape(1)}
        for index, (output, slope) in enumerate(zip(outputs, by_output, strict=True)):
            arrays[f"output/{index}"] = self._whole(output)
            arrays[f"slope/{index}"] = self._whole(slope)
        updated = self._updated(leaves, after, gradients)
        return arrays | self._of_tensors(leaves, gradients, updated), seen, after

    def _with(self, leaves: Leaves, values: list[jax.Array]) -> Leaves:
        held: Leaves = [*leaves]
        for place, value in zip(self._reals, values, strict=True):
            held[place] = value
        return held

    def _forward(self, leaves: Leaves, moves: Sequence[jax.Array]) -> tuple[Ran, Recording]:
        """Call it with the masks of the job's first step; outputs are moved by ``moves``."""

        def instead(index: int, made: jax.Array) -> jax.Array:
            if index in self._returned:
                given = self._returned[index]
                path = self._recording.layers[index].path
                require_shape(path, given.shape, self._shape(made))
                made = _through(made, given.reshape(made.shape).astype(made.dtype))
            return made + moves[index]

        return self._built.recorded(leaves, self._inputs, instead, self._mask)

    def _used(self, leaves: Leaves) -> set[str]:
        """Return the keys of what the loss depends on; of what is not trained, what is called."""
        moves = [jnp.zeros(each.shape, each.dtype) for each in self._recording.outputs]

        def logits_of(values: list[jax.Array]) -> jax.Array:
            return self._forward(self._with(leaves, values), moves)[0].logits

        program = jax.make_jaxpr(logits_of)([leaves[place] for place in self._reals])
        _, needed = dce_jaxpr(program.jaxpr, [True])
        needs = {place for place, is_so in zip(self._reals, needed, strict=True) if is_so}
        trained = {
            each.key
            for each in self._tensors.all
            if each.trained and needs & {*self._tensors.places(each.view)}
        }
        called = self._tensors.called
        others = {e.key for e in self._tensors.all if not e.trained and e.layer in called}
        return trained | others

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

    def _whole(self, array: jax.Array) -> jax.Array:
        dtype = parameter_dtype(self._spec.precision)
        return array.reshape(self._shape(array)).astype(dtype)

    def _updated(self, leaves: Leaves, after: Leaves, gradients: Sequence[Any]) -> Leaves:
        """Return all arrays after the step: the optimizer's on the canonical arrays."""
        trained = [each for each in self._tensors.all if each.trained and not each.tied_to]
        read = self._tensors.read
        parameters = [read(each.view, leaves) for each in trained]
        slopes = [read(each.view, gradients) for each in trained]
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
    ) -> dict[str, jax.Array]:
        arrays: dict[str, jax.Array] = {}
        for tensor in self._tensors.all:
            for suffix, view in tensor.views.items():
                key = tensor.key + suffix
                arrays[f"initial/{key}"] = self._tensors.read(view, leaves)
                arrays[f"updated/{key}"] = self._tensors.read(view, updated)
                if tensor.trained:
                    arrays[f"gradient/{key}"] = self._tensors.read(view, gradients)
        return arrays

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

    def _notes(self, used: set[str], *, random: bool) -> Iterator[str]:
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
        last = next(reversed(self._recording.layers), None)
        if last is not None and "softmax" in (last.kind, last.settings.get("activation")):
            yield (
                "The model ends in a softmax, but the loss takes logits: its output is taken as "
                "logits all the same."
            )

    def _case(self) -> TracedCase | None:
        if not self._built.source.case:
            return None
        return TracedCase("", "programs of Flax's modules are not written yet")


@jax.custom_vjp  # type: ignore[untyped-decorator]
def _through(made: jax.Array, given: jax.Array) -> jax.Array:
    """Return ``given``; gradients pass to what it stands for, ``made``."""
    del made
    return given


def _went_through(_: jax.Array, given: jax.Array) -> tuple[jax.Array, jax.Array]:
    return given, given


def _back_through(given: jax.Array, slope: jax.Array) -> tuple[jax.Array, jax.Array]:
    return slope, jnp.zeros_like(given)


_through.defvjp(_went_through, _back_through)


def _is_real(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jnp.floating))


def _alike(one: Array, other: Array) -> bool:
    scale = max(np.abs(one).max(), np.abs(other).max())
    return not np.abs(one - other).max() > _ROUNDING * scale
