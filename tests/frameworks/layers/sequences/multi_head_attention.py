"""MultiHeadAttention: head by head, and back."""

import numpy as np

from tests.frameworks.layers.elementwise.dropout import kept


def _heads(layer, x, at):
    """Return queries, keys and values [batch, heads, time, size], shares, and factors of these."""
    q, k, v = (
        np.einsum("bti,ihd->bhtd", x, at[f"{part}_kernel"])
        + (at[f"{part}_bias"].reshape(layer.heads, 1, -1) if layer.use_bias else 0)
        for part in ("query", "key", "value")
    )
    scores = q @ k.swapaxes(2, 3) / np.sqrt(q.shape[-1])
    if layer.causal:
        scores = np.where(np.tri(x.shape[1], dtype=bool), scores, -np.inf)
    if at.counted is not None:  # a padded step sees itself, so that it sees something
        own = np.eye(x.shape[1], dtype=bool)
        scores = np.where(at.counted[:, None, None] | own, scores, -np.inf)
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    dropped = kept(layer.dropout, scores.shape, at) if layer.dropout and at.place else 1
    return q, k, v, exponentials / exponentials.sum(axis=-1, keepdims=True), dropped


def forward(layer, x, at):
    *_, v, shares, dropped = _heads(layer, x, at)
    found = np.einsum("bhtd,hdo->bto", shares * dropped @ v, at["output_kernel"])
    return found + at["output_bias"] if layer.use_bias else found


def backward(layer, x, g, at):
    q, k, v, shares, dropped = _heads(layer, x, at)
    found = {"output_kernel": np.einsum("bhtd,bto->hdo", shares * dropped @ v, g)}
    of_made = np.einsum("bto,hdo->bhtd", g, at["output_kernel"])
    of_shares = of_made @ v.swapaxes(2, 3) * dropped
    of_scores = shares * (of_shares - (of_shares * shares).sum(axis=-1, keepdims=True))
    of_scores /= np.sqrt(q.shape[-1])
    of_x = np.zeros_like(x)
    slopes = {
        "query": of_scores @ k,
        "key": of_scores.swapaxes(2, 3) @ q,
        "value": (shares * dropped).swapaxes(2, 3) @ of_made,
    }
    for part, slope in slopes.items():
        found[f"{part}_kernel"] = np.einsum("bti,bhtd->ihd", x, slope)
        of_x += np.einsum("bhtd,ihd->bti", slope, at[f"{part}_kernel"])
        if layer.use_bias:
            found[f"{part}_bias"] = slope.sum(axis=(0, 2)).reshape(-1)
    if layer.use_bias:
        found["output_bias"] = g.sum(axis=(0, 1))
    return of_x, found
