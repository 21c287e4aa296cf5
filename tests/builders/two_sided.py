"""A tiny framework in NumPy, to trace the same model written twice: with a fault, or without.

A model is a function of a `Tracing` and its input that returns logits. Arrays are canonical.
"""

from dataclasses import dataclass, replace

import numpy as np
from twinrun.contract.traced import ModelTraced

from orchestrator.pairing import isolate
from orchestrator.pairing.pair import pair
from tests.builders import tape
from tests.builders.numeric import Tracing
from tests.builders.tape import Var
from tests.builders.traced import SIDES

BATCH = 6


@dataclass
class Training:
    """How a step goes, beside the model."""

    optimizer: str = "sgd"
    rate: float = 0.1
    decay: float = 0.0
    decoupled: bool = False
    epsilon: float = 1e-7
    epsilon_inside: bool = False
    momentum: float = 0.9
    clip: float = 0.0  # Of the whole gradient's norm.
    clip_value: float = np.inf  # Of each value.
    loss: str = "mean"
    shift: int = 0  # of labels
    scale: float = 1.0  # of the loss
    penalty: float = 0.0  # times the squares of the first kernel, in the loss


def trace(build, inputs, labels, initial=None, training=None, *, returned=None):
    """Return the report and the arrays of one step; ``returned``: by layers, by their indices."""
    training = training or Training()
    tracing = Tracing(initial or {}, returned=returned or {})
    logits = build(tracing, Var(inputs))
    rows = np.arange(len(labels)), (labels + training.shift) % logits.shape[-1]
    losses = tape.log_softmax(logits).taken(rows) * -training.scale
    loss = losses.sum() * (1 / len(labels) if training.loss == "mean" else 1.0)
    if training.penalty:
        kernel = next(tracing.values[t.key] for t in tracing.tensors if t.part == "kernel")
        loss = loss + (kernel * kernel).sum() * training.penalty
    loss.backward()
    arrays = {"input": inputs, "labels": labels, "logits": logits.value}
    arrays["loss"] = loss.value.reshape(1)
    for index, made in enumerate(tracing.outputs):
        arrays[f"output/{index}"], arrays[f"slope/{index}"] = made.value, made.slope
    updated = _updated(tracing, training)
    for tensor in tracing.tensors:
        held = tracing.values[tensor.key]
        arrays[f"initial/{tensor.key}"] = held.value
        arrays[f"updated/{tensor.key}"] = updated[tensor.key]
        if tensor.trained:
            arrays[f"gradient/{tensor.key}"] = held.slope
    return ModelTraced(tuple(tracing.layers), tuple(tracing.tensors)), arrays


def _updated(tracing, training):
    """Every tensor after the first step, all slots at 0 before."""
    trained = {t.key: tracing.values[t.key] for t in tracing.tensors if t.trained}
    gradients = {key: held.slope for key, held in trained.items()}
    whole = np.sqrt(sum(float((g * g).sum()) for g in gradients.values()))
    factor = min(1.0, training.clip / whole) if training.clip else 1.0
    found = {}
    for tensor in tracing.tensors:
        held = tracing.values[tensor.key]
        if not tensor.trained:
            found[tensor.key] = tracing.moved.get(held, held.value)
            continue
        limit = training.clip_value
        gradient = np.clip(gradients[tensor.key] * factor, -limit, limit)
        if training.decay and not training.decoupled:
            gradient = gradient + training.decay * held.value
        step = _step(gradient, training)
        if training.decay and training.decoupled:
            step = step + training.decay * held.value
        found[tensor.key] = held.value - training.rate * step
    return found


def _step(gradient, training):
    match training.optimizer:
        case "sgd":
            return gradient
        case "nesterov":
            return gradient * (1 + training.momentum)
        case "adam":
            # After one step the corrected moments are the gradient and its square. Where epsilon
            # is inside, it is added before the second moment is corrected.
            spread = np.abs(gradient) * np.sqrt(0.001)
            if training.epsilon_inside:
                return gradient * np.sqrt(0.001) / (spread + training.epsilon)
            return gradient / (np.abs(gradient) + training.epsilon)
        case _:
            raise ValueError(training.optimizer)


def images(seed=0, side=6, channels=2):
    random = np.random.default_rng(seed)
    return random.normal(size=(BATCH, side, side, channels)), random.integers(0, 3, BATCH)


def rows(seed=0, width=5):
    random = np.random.default_rng(seed)
    return random.normal(size=(BATCH, width)), random.integers(0, 3, BATCH)


def sequences(seed=0, length=4, width=4):
    random = np.random.default_rng(seed)
    return random.normal(size=(BATCH, length, width)), random.integers(0, 3, BATCH)


def words(seed=0, length=4, known=9):
    random = np.random.default_rng(seed)
    places = random.integers(0, known, (BATCH, length)).astype(float)
    return places, random.integers(0, 3, BATCH)


def both(first, second, data, trainings=(None, None), *, start=None, noise=0.0):
    """Pair two models and trace both from the first's values; ``start`` changes the second's.

    ``noise``: the relative size of rounding that is put on all of the second's arrays.
    """
    one = trace(first, *data, training=trainings[0])
    model, _ = trace(second, *data)
    pairing = pair(one[0], model, SIDES, {})
    arrays = again(pairing, (first, second), data, trainings, start=start, noise=noise)
    return pairing, *arrays


def again(pairing, models, data, trainings=(None, None), *, start=None, noise=0.0):
    """Trace both with the first's values by ``pairing``; return both sides' arrays."""
    one = trace(models[0], *data, training=trainings[0])[1]
    initial = {each.second.key: one[f"initial/{each.first.key}"] for each in pairing.tensors}
    other = trace(models[1], *data, {**initial, **(start or {})}, trainings[1])[1]
    random = np.random.default_rng(1)
    for name, array in other.items():
        if noise and name not in {"labels", "input"} and not name.startswith("initial"):
            apart = random.normal(size=array.shape) * noise * np.abs(array).max(initial=0.0)
            other[name] = array + apart
    return one, other


def isolated(first, second, data, tolerance):
    """Return what differs by itself where each layer of the second gets the first's outputs."""
    pairing, one, other = both(first, second, data)
    initial = {each.second.key: one[f"initial/{each.first.key}"] for each in pairing.tensors}
    returned = isolate.given(pairing, one, other)
    again = trace(second, *data, initial, returned=returned)[1]
    return pairing, isolate.alone(pairing, one, again, returned, tolerance)


def changed(training=None, **changes):
    return replace(training or Training(), **changes)
