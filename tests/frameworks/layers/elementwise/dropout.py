"""Dropout."""

import math

import numpy as np


def kept(rate, shape, at):
    """Return the factors for a batch of ``shape``: drawn one sample after the other."""
    epoch, first = at.place
    values = math.prod(shape[1:])
    blocks = math.ceil(values / 16)  # of 16 numbers of 16 bits
    key = [at.spec.seed, 2**62 + at.number * 2**32 + epoch]
    numbers = []
    for sample in range(first, first + shape[0]):
        raw = np.random.Philox(key=key, counter=sample * blocks).random_raw(4 * blocks)
        bits = [int(word) >> shift & 0xFFFF for word in raw for shift in (0, 16, 32, 48)]
        numbers.append(bits[:values])
    mask = np.array(numbers).reshape(shape) >= round(rate * 65536)
    return mask / (1 - rate)


def forward(layer, x, at):
    return x * kept(layer.rate, x.shape, at) if at.place else x


def backward(layer, x, g, at):
    return g * kept(layer.rate, g.shape, at), {}
