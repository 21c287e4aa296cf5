"""Recurrent layers and attention, in canonical layouts."""

from collections.abc import Mapping, Sequence

import numpy as np

from orchestrator.pairing.formulas.activations import Floats, sigmoid, softmax
from orchestrator.pairing.formulas.settings import Settings, flag, number

Parts = Mapping[str, Floats]


def lstm(x: Floats, parts: Parts, settings: Settings) -> Floats:
    """Return the states of [batch, steps, in], or the last one; gates i, f, g, o."""
    kernel, recurrent = parts["kernel"], parts["recurrent_kernel"]
    bias = parts.get("bias", np.zeros(kernel.shape[1:]))
    state = cell = np.zeros((len(x), kernel.shape[-1]))
    states = []
    for step in range(x.shape[1]):
        found = np.tensordot(x[:, step], kernel, 1) + np.tensordot(state, recurrent, 1) + bias
        i, f, g, o = np.moveaxis(found, 1, 0)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        state = sigmoid(o) * np.tanh(cell)
        states.append(state)
    return _given(states, settings)


def gru(x: Floats, parts: Parts, settings: Settings) -> Floats:
    """Return the states of [batch, steps, in], or the last one; gates z, r, h."""
    kernel, recurrent = parts["kernel"], parts["recurrent_kernel"]
    zeros = np.zeros(kernel.shape[1:])
    bias, again = parts.get("bias", zeros), parts.get("recurrent_bias", zeros)
    after = flag(settings, "reset_after", default=True)
    state, states = np.zeros((len(x), kernel.shape[-1])), []
    for step in range(x.shape[1]):
        given = np.tensordot(x[:, step], kernel, 1) + bias
        own = np.tensordot(state, recurrent, 1) + again
        update, reset = sigmoid(given[:, 0] + own[:, 0]), sigmoid(given[:, 1] + own[:, 1])
        held = reset * own[:, 2] if after else (reset * state) @ recurrent[:, 2] + again[2]
        state = update * state + (1 - update) * np.tanh(given[:, 2] + held)
        states.append(state)
    return _given(states, settings)


def _given(states: Sequence[Floats], settings: Settings) -> Floats:
    return np.stack(states, axis=1) if flag(settings, "return_sequences") else states[-1]


def attention(x: Floats, parts: Parts, settings: Settings) -> Floats:
    """Return the attention of [batch, length, width] to itself."""
    query, key, value = (
        np.tensordot(x, parts[f"{name}_kernel"], 1) + parts.get(f"{name}_bias", np.zeros(1))
        for name in ("query", "key", "value")
    )
    scale = number(settings, "scale", query.shape[-1] ** -0.5)
    scores = np.einsum("bqhs,bkhs->bhqk", query, key) * scale
    if flag(settings, "causal"):
        scores = np.where(np.tri(x.shape[1], dtype=bool), scores, -np.inf)
    mixed = np.einsum("bhqk,bkhs->bqhs", softmax(scores), value)
    found = np.tensordot(mixed, parts["output_kernel"], 2)
    return np.asarray(found + parts.get("output_bias", np.zeros(1)))
