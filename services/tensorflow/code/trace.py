"""One step of a model of code, layer by layer. `services.trial.trace` says what it returns."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec
from twinrun.contract.traced import ModelTraced, TracedCase, TracedLayer, TracedTensor

from services.model.weights import Weights, parameter_dtype
from services.tensorflow import device, losses, optimizers
from services.tensorflow.code import kinds, record
from services.tensorflow.code.case import Program
from services.tensorflow.code.model import Built, by_name
from services.tensorflow.code.record import Call, Recording
from services.tensorflow.code.views import Tensor
from services.tensorflow.eager_steps import dense
from services.trial import code
from services.trial.code import Build
from services.trial.trace import Traced, require_shape, returned_by

Array = NDArray[np.floating]


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
    with tf.device(device.prepare(spec)):
        built = Built(spec, build)
        found = built.opened(inputs)
        if weights is not None:
            named = by_name(spec, found)
            for name, array in weights.items():
                named[name].assign(array)
        again, _ = built.tried(inputs)
        own = returned_by("tensorflow", returned)
        return _Step(spec, built, found, inputs, labels).traced(again, own)


class _Step:
    """The first step of a job, op by op."""

    def __init__(
        self,
        spec: JobSpec,
        built: Built,
        tensors: Sequence[Tensor],
        inputs: Array,
        labels: NDArray[np.generic],
    ) -> None:
        self._spec, self._built, self._tensors = spec, built, tensors
        self._inputs, self._labels = inputs, tf.constant(labels)
        self._variables = {id(each.view.variable): each.view.variable for each in tensors}
        self._of = {key: place for place, key in enumerate(self._variables)}

    def traced(self, again: tf.Tensor, returned: Weights) -> Traced:
        """Run it; ``again``: logits of the same call, which differ if something is random.

        ``returned``: by index as text, what layers return in place of their outputs, canonical.
        """
        before = {key: each.numpy() for key, each in self._variables.items()}
        held = [variable.value for variable in self._variables.values()]
        inputs = self._built.laid(tf.constant(self._inputs))
        with tf.GradientTape() as tape:
            tape.watch([inputs, *held])
            logits, recording = self._built.recorded(inputs, _instead(returned))
            loss = losses.mean(self._spec)(logits, self._labels)
            added = self._built.losses()
            for more in added:
                loss += more
        calls = [call for call in recording.calls if _is_layer(call)]
        outputs = [call.made for call in calls]
        gradients, slopes = tape.gradient(loss, [held, outputs])
        case, its = self._case(calls)
        self._update(gradients)
        arrays = {"logits": logits.numpy(), "loss": loss.numpy().reshape(1)}
        arrays |= its
        for index, (call, slope) in enumerate(zip(calls, slopes, strict=True)):
            made, dtype = call.made.numpy(), arrays["loss"].dtype
            given = np.zeros_like(made) if slope is None else tf.convert_to_tensor(slope).numpy()
            arrays[f"output/{index}"] = call.layout.canonical(made).astype(dtype)
            arrays[f"slope/{index}"] = call.layout.canonical(given).astype(dtype)
        for tensor in self._tensors:
            for suffix, view in tensor.views.items():
                key, variable = tensor.key + suffix, id(view.variable)
                arrays[f"initial/{key}"] = view.read(before[variable])
                arrays[f"updated/{key}"] = view.numpy()
                if tensor.trained:
                    gradient = gradients[self._of[variable]]
                    whole = np.zeros_like(before[variable])
                    if gradient is not None:
                        whole = tf.convert_to_tensor(gradient).numpy()
                    arrays[f"gradient/{key}"] = view.read(whole)
        used = {
            key
            for key, gradient in zip(self._variables, gradients, strict=True)
            if gradient is not None
        }
        random = not np.array_equal(logits.numpy(), again.numpy(), equal_nan=True)
        notes = tuple(self._notes(recording, used, len(added), random=random))
        return Traced(replace(self._report(recording, used, notes), case=case), arrays)

    def _case(
        self, calls: Sequence[Call]
    ) -> tuple[TracedCase | None, dict[str, NDArray[np.generic]]]:
        """Return the calls that the source asks for as a program, and the arrays of its trace."""
        chosen = [calls[index] for index in self._built.source.case if index < len(calls)]
        if not chosen:
            return None, {}
        paths = record.paths(self._built.keras)
        named = [paths.get(call.layer, call.layer.name) for call in chosen]
        program = Program(chosen, named, len(self._inputs))
        arrays = {f"case/{name}": array for name, array in program.arrays.items()}
        arrays |= {f"input/case{n}": array for n, array in enumerate(program.inputs)}
        return program.traced, arrays

    def _update(self, gradients: Sequence[tf.Tensor | None]) -> None:
        trained = dict.fromkeys(id(e.view.variable) for e in self._tensors if e.trained)
        parameters = [self._variables[key].value for key in trained]
        found = [dense(gradients[self._of[key]]) for key in trained]
        dtype = parameter_dtype(self._spec.precision)
        plan = [tf.constant(each[0], dtype) for each in optimizers.plan(self._spec, 0, 1)]
        slots = optimizers.slots(self._spec.optimizer, parameters)
        optimizers.update_plainly(self._spec.optimizer, parameters, slots, found, plan)

    def _report(self, recording: Recording, used: set[int], notes: tuple[str, ...]) -> ModelTraced:
        paths = record.paths(self._built.keras)

        def path(layer: object) -> str:
            return paths.get(layer, getattr(layer, "name", "")) if layer is not None else ""

        return ModelTraced(
            layers=tuple(
                _layer(call, path(call.layer)) for call in recording.calls if _is_layer(call)
            ),
            tensors=tuple(
                TracedTensor(
                    key=each.key,
                    layer=each.layer,
                    part=each.part,
                    shape=each.view.shape,
                    trained=each.trained,
                    used=id(each.view.variable) in used or (each.called and not each.trained),
                    tied_to=each.tied_to,
                    variants=tuple(suffix for suffix in each.views if suffix),
                )
                for each in self._tensors
            ),
            draws=tuple(replace(draw.traced, path=path(draw.layer)) for draw in recording.draws),
            notes=notes,
        )

    def _notes(
        self, recording: Recording, used: set[int], added: int, *, random: bool
    ) -> Iterator[str]:
        yield from code.notes(self._spec, "tensorflow")
        if random:
            yield (
                "The same batch gives different outputs: something in the model is random that "
                "cannot be reached, such as an augmentation or a sample drawn within it."
            )
        yield from _of_own_steps(self._built.keras)
        if added:
            yield (
                f"The model adds {added} losses of its own, by add_loss or regularizers; they are "
                "part of the loss."
            )
        for tensor in self._tensors:
            if tensor.trained and id(tensor.view.variable) not in used:
                yield f"The loss does not depend on {tensor.key}."
            if (
                not tensor.trained
                and tensor.view.variable.trainable is False
                and (tensor.part not in ("moving_mean", "moving_variance"))
            ):
                yield f"{tensor.key} is not trained."
            dtype = tensor.view.variable.dtype
            job = parameter_dtype(self._spec.precision)
            if np.dtype(dtype) != job:
                yield f"{tensor.key} is kept in {dtype}, though the job is in {job}."
        paths = record.paths(self._built.keras)
        for layer in dict.fromkeys(call.layer for call in recording.calls):
            if layer not in paths and layer.weights:
                yield f"The model does not hold {layer.name}, which it calls; it is not trained."
        last = kinds.described(recording.calls[-1]) if recording.calls else ("", {})
        if "softmax" in (last[0], last[1].get("activation")):
            yield (
                "The model ends in a softmax, but the loss takes logits: its output is taken as "
                "logits all the same."
            )


def _instead(returned: Weights) -> Callable[[Call], tf.Tensor | None]:
    """Return what tells, call by call, what a layer returns in place of its output."""
    numbers = itertools.count()

    def instead(call: Call) -> tf.Tensor | None:
        given = returned.get(str(next(numbers))) if _is_layer(call) else None
        if given is None:
            return None
        own = tuple(call.made.shape)
        require_shape(call.layer.name, given.shape, (own[0], *call.layout.shape(own[1:])))
        return call.layout.own(tf.constant(given, call.made.dtype))

    return instead


def _of_own_steps(model: keras.Model) -> Iterator[str]:
    for name in ("train_step", "compute_loss"):
        if getattr(type(model), name) is not getattr(keras.Model, name):
            yield (
                f"The model has its own {name}, which is not used: the job's loss and optimizer "
                "train it."
            )


def _is_layer(call: Call) -> bool:
    """Return whether a call is of a layer that the framework has; users' own are not reported."""
    own = type(call.layer).__module__.startswith("keras.")
    return own or bool(kinds.described(call)[0])


def _layer(call: Call, path: str) -> TracedLayer:
    kind, settings = kinds.described(call)
    return TracedLayer(
        path=path,
        type=type(call.layer).__name__,
        kind=kind,
        call=call.number,
        settings=settings,
        input_shape=call.before.shape(tuple(call.taken.shape)[1:]),
        output_shape=call.layout.shape(tuple(call.made.shape)[1:]),
    )
