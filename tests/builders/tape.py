"""A few operations of NumPy that remember what they were made of, for exact gradients."""

import math

import numpy as np


class Var:
    """An array in a computation; ``slope`` is the gradient of what `backward` was called on."""

    def __init__(self, value, parents=()):
        self.value, self.parents = np.asarray(value, float), parents
        self.slope = np.zeros_like(self.value)

    @property
    def shape(self):
        return self.value.shape

    def backward(self):
        order, seen = [], set()

        def visit(var):
            if id(var) not in seen:
                seen.add(id(var))
                for parent, _ in var.parents:
                    visit(parent)
                order.append(var)

        visit(self)
        self.slope = np.ones_like(self.value)
        for var in reversed(order):
            for parent, back in var.parents:
                parent.slope = parent.slope + _fitted(back(var.slope), parent.shape)

    def __add__(self, other):
        other = var(other)
        return Var(self.value + other.value, ((self, lambda s: s), (other, lambda s: s)))

    def __mul__(self, other):
        other = var(other)
        return Var(
            self.value * other.value,
            ((self, lambda s: s * other.value), (other, lambda s: s * self.value)),
        )

    def __sub__(self, other):
        return self + var(other) * -1.0

    def __matmul__(self, other):
        return Var(
            self.value @ other.value,
            (
                (self, lambda s: s @ np.swapaxes(other.value, -1, -2)),
                (other, lambda s: np.swapaxes(self.value, -1, -2) @ s),
            ),
        )

    def power(self, exponent):
        slope = exponent * self.value ** (exponent - 1)
        return Var(self.value**exponent, ((self, lambda s: s * slope),))

    def mean(self, axis):
        count = np.prod([self.shape[each] for each in np.atleast_1d(axis)])
        kept = self.value.mean(axis, keepdims=True)
        return Var(kept, ((self, lambda s: np.broadcast_to(s / count, self.shape)),))

    def sum(self):
        return Var(self.value.sum(), ((self, lambda s: np.broadcast_to(s, self.shape)),))

    def reshape(self, *shape):
        return Var(self.value.reshape(shape), ((self, lambda s: s.reshape(self.shape)),))

    def moved(self, *axes):
        back = np.argsort(axes)
        return Var(self.value.transpose(axes), ((self, lambda s: s.transpose(back)),))

    def taken(self, index):
        """Values at ``index``, as NumPy indexes."""

        def back(slope):
            whole = np.zeros_like(self.value)
            np.add.at(whole, index, slope)
            return whole

        return Var(self.value[index], ((self, back),))

    def padded(self, widths, value=0.0):
        inner = tuple(slice(a, a + n) for (a, _), n in zip(widths, self.shape, strict=True))
        padded = np.pad(self.value, widths, constant_values=value)
        return Var(padded, ((self, lambda s: s[inner]),))

    def largest(self, axis):
        kept = self.value.max(axis, keepdims=True)
        where = self.value == kept
        share = where / where.sum(axis, keepdims=True)
        return Var(kept.squeeze(axis), ((self, lambda s: share * np.expand_dims(s, axis)),))

    def mapped(self, function, slope):
        found = slope(self.value)
        return Var(function(self.value), ((self, lambda s: s * found),))


def var(value):
    return value if isinstance(value, Var) else Var(value)


def _fitted(slope, shape):
    """Sum over the axes that were broadcast."""
    slope = slope.sum(tuple(range(slope.ndim - len(shape))))
    ones = tuple(i for i, n in enumerate(shape) if n == 1 and slope.shape[i] != 1)
    return slope.sum(ones, keepdims=True)


def _erf(x):
    return np.vectorize(math.erf, otypes=[float])(x)


def relu(x):
    return x.mapped(lambda v: np.maximum(v, 0), lambda v: (v > 0).astype(float))


def leaky_relu(x, slope=0.1):
    return x.mapped(lambda v: np.where(v > 0, v, slope * v), lambda v: np.where(v > 0, 1.0, slope))


def tanh(x):
    return x.mapped(np.tanh, lambda v: 1 - np.tanh(v) ** 2)


def sigmoid(x):
    def function(v):
        return 1 / (1 + np.exp(-v))

    return x.mapped(function, lambda v: function(v) * (1 - function(v)))


def gelu(x):
    return x.mapped(
        lambda v: v * (1 + _erf(v / math.sqrt(2))) / 2,
        lambda v: (1 + _erf(v / math.sqrt(2))) / 2 + v * np.exp(-v * v / 2) / math.sqrt(2 * np.pi),
    )


def gelu_tanh(x):
    inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
    return x * 0.5 * (tanh(inner) + 1.0)


def softmax(x):
    powers = (x - x.value.max(-1, keepdims=True)).mapped(np.exp, np.exp)
    return powers * (powers.mean(-1) * float(x.shape[-1])).power(-1.0)


def log_softmax(x):
    centred = x - x.value.max(-1, keepdims=True)
    total = centred.mapped(np.exp, np.exp).mean(-1) * float(x.shape[-1])
    return centred - total.mapped(np.log, lambda v: 1 / v)
