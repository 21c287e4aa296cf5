"""Bidirectional: each way by itself."""

from dataclasses import replace

import numpy as np
from twinrun.contract.layers import Gru, Lstm

from tests.frameworks.layers.sequences import gru, lstm

WAYS = ("forward", "backward")
_KINDS = {Lstm: lstm, Gru: gru}


def _ways(layer, at):
    kind, back = _KINDS[type(layer.kind)], None if at.counted is None else at.counted[:, ::-1]
    return [
        (kind, replace(at, name=f"{at.name}.{way}", counted=counted))
        for way, counted in zip(WAYS, (at.counted, back), strict=True)
    ]


def forward(layer, x, at):
    (ahead, first), (back, second) = _ways(layer, at)
    made = ahead.forward(layer.kind, x, first), back.forward(layer.kind, x[:, ::-1], second)
    return np.concatenate([made[0], made[1][:, ::-1]], axis=-1)


def backward(layer, x, g, at):
    (ahead, first), (back, second) = _ways(layer, at)
    units = layer.kind.units
    of_x, found = ahead.backward(layer.kind, x, g[..., :units], first)
    back_x, more = back.backward(layer.kind, x[:, ::-1], g[:, ::-1, units:], second)
    both = zip(WAYS, (found, more), strict=True)
    named = {f"{way}.{part}": array for way, arrays in both for part, array in arrays.items()}
    return of_x + back_x[:, ::-1], named
