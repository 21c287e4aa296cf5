"""Recurrent layers and attention, in canonical layouts."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from orchestrator.pairing.formulas.activations import Floats, sigmoid, softmax
from orchestrator.pairing.formulas.settings import Settings, flag, number

Parts = Mapping[str, Floats]


def lstm(x: Floats, parts: Parts, settings: Settings) -> Floats:
    """Return the states of [batch, steps, in], or the last one; gates i, f, g, o."""
    return _stacked(_lstm, x, parts, settings)


def gru(x: Floats, parts: Parts, settings: Settings) -> Floats:
    """Return the states of [batch, steps, in], or the last one; gates z, r, h."""
    return _stacked(_gru, x, parts, settings)


def _lstm(x: Floats, parts: Parts, _: Settings) -> list[Floats]:
    """Return each step's states."""
    kernel, recurrent = parts["kernel"], parts["recurrent_kernel"]
    bias = parts.get("bias", np.zeros(kernel.shape[1:]))
    state = cell = np.zeros((len(x), kernel.shape[-1]))
    states: list[Floats] = []
    for step in range(x.shape[1]):
        found = np.tensordot(x[:, step], kernel, 1) + np.tensordot(state, recurrent, 1) + bias
        i, f, g, o = np.moveaxis(found, 1, 0)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        state = sigmoid(o) * np.tanh(cell)
        states.append(state)
    return states


def _gru(x: Floats, parts: Parts, settings: Settings) -> list[Floats]:
    """Return each step's states."""
    kernel, recurrent = parts["kernel"], parts["recurrent_kernel"]
    zeros = np.zeros(kernel.shape[1:])
    bias, again = parts.get("bias", zeros), parts.get("recurrent_bias", zeros)
    after = flag(settings, "reset_after", default=True)
    state = np.zeros((len(x), kernel.shape[-1]))
    states: list[Floats] = []
    for step in range(x.shape[1]):
        given = np.tensordot(x[:, step], kernel, 1) + bias
        own = np.tensordot(state, recurrent, 1) + again
        update, reset = sigmoid(given[:, 0] + own[:, 0]), sigmoid(given[:, 1] + own[:, 1])
        held = reset * own[:, 2] if after else (reset * state) @ recurrent[:, 2] + again[2]
        state = update * state + (1 - update) * np.tanh(given[:, 2] + held)
        states.append(state)
    return states


def _stacked(
    run: Callable[[Floats, Parts, Settings], Sequence[Floats]],
    x: Floats,
    parts: Parts,
    settings: Settings,
) -> Floats:
    """Run all layers, in both directions if there are two, which are one beside the other."""
    layers = sorted({part.rpartition("layer")[2].partition(".")[0] for part in parts})
    last = x
    for prefix in ["", *(f"layer{each}." for each in layers if each.isdecimal())]:
        ways = []
        for direction in ("", "backward."):
            own = {
                part.removeprefix(prefix + direction): values
                for part, values in parts.items()
                if part.startswith(prefix + direction)
            }
            if "kernel" in own:
                steps = np.stack(run(x[:, ::-1] if direction else x, own, settings), axis=1)
                ways.append((steps[:, ::-1] if direction else steps, steps[:, -1]))
        x, last = (np.concatenate(each, axis=-1) for each in zip(*ways, strict=True))
    return x if flag(settings, "return_sequences") else last


def attended(
    query: Floats,
    key: Floats,
    value: Floats,
    scale: float,
    masked: Callable[[Floats], Floats] = lambda scores: scores,
) -> Floats:
    """Return what each query [batch, queries, heads, size] takes of the values [batch, keys, ...].

    ``masked``: the scores [batch, heads, queries, keys], where some are hidden.
    """
    scores = masked(np.einsum("bqhs,bkhs->bhqk", query, key) * scale)
    return np.asarray(np.einsum("bhqk,bkhs->bqhs", softmax(scores), value))


def attention(x: Floats, parts: Parts, settings: Settings) -> Floats:
    """Return the attention of [batch, length, width] to itself."""
    query, key, value = (
        np.tensordot(x, parts[f"{name}_kernel"], 1) + parts.get(f"{name}_bias", np.zeros(1))
        for name in ("query", "key", "value")
    )
    scale = number(settings, "scale", query.shape[-1] ** -0.5)
    causal = flag(settings, "causal")

    def masked(scores: Floats) -> Floats:
        return np.where(np.tri(x.shape[1], dtype=bool), scores, -np.inf) if causal else scores

    mixed = attended(query, key, value, scale, masked)
    found = np.tensordot(mixed, parts["output_kernel"], 2)
    return np.asarray(found + parts.get("output_bias", np.zeros(1)))
