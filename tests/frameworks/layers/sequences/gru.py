"""Gru: position by position, and back."""

import numpy as np

from tests.frameworks.layers.sequences.lstm import counted_at


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _states(layer, x, at):
    """Return gates, what the new value's product with the output is, and outputs, by position."""
    units = layer.units
    gates, products, outputs = [], [], [np.zeros((len(x), units))]
    for t in range(x.shape[1]):
        taken, h = x[:, t] @ at["kernel"] + at["bias"], outputs[-1]
        by_h = h @ at["recurrent_kernel"]
        if layer.reset_after:
            by_h = by_h + at["recurrent_bias"]
        r, z = (_sigmoid(part) for part in np.split((taken + by_h)[:, : 2 * units], 2, axis=1))
        product = by_h[:, 2 * units :]
        if not layer.reset_after:
            product = (r * h) @ at["recurrent_kernel"][:, 2 * units :]
        n = np.tanh(taken[:, 2 * units :] + (r * product if layer.reset_after else product))
        gates.append((r, z, n))
        products.append(product)
        outputs.append(np.where(counted_at(t, at), (1 - z) * n + z * h, h))
    return gates, products, outputs


def forward(layer, x, at):
    return np.stack(_states(layer, x, at)[2][1:], axis=1)


def backward(layer, x, g, at):
    gates, products, outputs = _states(layer, x, at)
    names = ["kernel", "recurrent_kernel", "bias"] + ["recurrent_bias"] * layer.reset_after
    found = {name: np.zeros_like(at[name]) for name in names}
    of_x, of_h = np.zeros_like(x), np.zeros_like(outputs[0])
    recurrent, first = at["recurrent_kernel"], 2 * layer.units
    for t in reversed(range(x.shape[1])):
        (r, z, n), h = gates[t], outputs[t]
        of_h = of_h + g[:, t]
        counts = counted_at(t, at)
        kept, of_h = np.where(counts, 0, of_h), np.where(counts, of_h, 0)
        of_n = of_h * (1 - z) * (1 - n**2)
        of_z = of_h * (h - n) * z * (1 - z)
        of_h = of_h * z
        if layer.reset_after:
            of_product = of_n * r
            of_r = of_n * products[t] * r * (1 - r)
            by_h = np.concatenate([of_r, of_z, of_product], axis=1)
            found["recurrent_kernel"] += h.T @ by_h
            found["recurrent_bias"] += by_h.sum(axis=0)
            of_h = of_h + by_h @ recurrent.T
        else:
            of_reset = of_n @ recurrent[:, first:].T
            of_r = of_reset * h * r * (1 - r)
            by_h = np.concatenate([of_r, of_z], axis=1)
            found["recurrent_kernel"][:, :first] += h.T @ by_h
            found["recurrent_kernel"][:, first:] += (r * h).T @ of_n
            of_h = of_h + of_reset * r + by_h @ recurrent[:, :first].T
        of_h = of_h + kept
        taken = np.concatenate([of_r, of_z, of_n], axis=1)
        found["kernel"] += x[:, t].T @ taken
        found["bias"] += taken.sum(axis=0)
        of_x[:, t] = taken @ at["kernel"].T
    return of_x, found
