"""Lstm: position by position, and back."""

import numpy as np


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def counted_at(t, at):
    """Return which samples' step t is not padded, [batch, 1]: a padded one keeps the state."""
    return True if at.counted is None else at.counted[:, t, None]


def _states(x, at):
    """Return gates, cells and outputs [time, batch, ...]; the first of the latter two are zeros."""
    units = len(at["recurrent_kernel"])
    gates, cells, outputs = [], [np.zeros((len(x), units))], [np.zeros((len(x), units))]
    for t in range(x.shape[1]):
        both = x[:, t] @ at["kernel"] + outputs[-1] @ at["recurrent_kernel"] + at["bias"]
        i, f, g, o = np.split(both, 4, axis=1)
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        gates.append((i, f, g, o))
        counts = counted_at(t, at)
        cells.append(np.where(counts, f * cells[-1] + i * g, cells[-1]))
        outputs.append(np.where(counts, o * np.tanh(cells[-1]), outputs[-1]))
    return gates, cells, outputs


def forward(layer, x, at):
    return np.stack(_states(x, at)[2][1:], axis=1)


def backward(layer, x, g, at):
    gates, cells, outputs = _states(x, at)
    found = {name: np.zeros_like(at[name]) for name in ("kernel", "recurrent_kernel", "bias")}
    of_x, of_h, of_c = np.zeros_like(x), np.zeros_like(outputs[0]), np.zeros_like(outputs[0])
    for t in reversed(range(x.shape[1])):
        (i, f, new, o), c = gates[t], np.tanh(cells[t + 1])
        of_h = of_h + g[:, t]
        counts = counted_at(t, at)
        kept_h, kept_c = np.where(counts, 0, of_h), np.where(counts, 0, of_c)
        of_h, of_c = np.where(counts, of_h, 0), np.where(counts, of_c, 0)
        of_c = of_c + of_h * o * (1 - c**2)
        slopes = [
            of_c * new * i * (1 - i),
            of_c * cells[t] * f * (1 - f),
            of_c * i * (1 - new**2),
            of_h * c * o * (1 - o),
        ]
        both = np.concatenate(slopes, axis=1)
        found["kernel"] += x[:, t].T @ both
        found["recurrent_kernel"] += outputs[t].T @ both
        found["bias"] += both.sum(axis=0)
        of_x[:, t] = both @ at["kernel"].T
        of_h, of_c = both @ at["recurrent_kernel"].T + kept_h, of_c * f + kept_c
    return of_x, found
