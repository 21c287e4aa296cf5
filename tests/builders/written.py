"""Models of which people write a part themselves: no call of a layer is traced there."""

import numpy as np

from tests.builders import tape, two_sided
from tests.builders.tape import Var

HIDDEN = {"causal": 0, "ahead": 1}  # a mask's diagonal, from which on keys are seen


def attention(heads=2, scale=0.5, mask="causal"):
    """Queries, keys and values from one layer of 24 units, then one of 8."""

    def build(m, x):
        batch, length, _ = x.shape
        packed = m.dense("qkv", m.dense("a", x, 8), 24)
        q, k, v = (
            packed.taken((slice(None), slice(None), slice(8 * part, 8 * part + 8)))
            .reshape(batch, length, heads, 8 // heads)
            .moved(0, 2, 1, 3)
            for part in range(3)
        )
        scores = q @ k.moved(0, 1, 3, 2) * scale
        if mask != "none":
            scores = scores + np.triu(np.full((length, length), -1e30), 1 + HIDDEN[mask])
        mixed = (tape.softmax(scores) @ v).moved(0, 2, 1, 3).reshape(batch, length, 8)
        return m.dense("out", m.last("end", m.dense("proj", mixed, 8)), 3)

    return build


def pooled(scale=0.5):
    """A mean over a sequence, weighted by a learned query."""

    def build(m, x):
        x = m.dense("a", x, 4)
        query = m.tensor("pool", "query", (4,))
        weights = tape.softmax((x @ query.reshape(4, 1)).moved(0, 2, 1) * scale)
        return m.dense("out", (weights @ x).reshape(x.shape[0], 4), 3)

    return build


def highway(turned=False, activation="relu"):
    def build(m, x):
        x = m.activation("t", m.dense("a", x, 5), "tanh")
        packed = m.dense("h", x, 10)
        one, two = (packed.taken((slice(None), slice(i, i + 5))) for i in (0, 5))
        transform, gate = (two, one) if turned else (one, two)
        opened = tape.sigmoid(gate)
        made = tape.relu(transform) if activation == "relu" else tape.tanh(transform)
        return m.dense("out", opened * made + (Var(np.ones(1)) - opened) * x, 3)

    return build


def cell(order="rzn", kept=True, again=True):
    """One step of a GRU from zeros. ``kept``: z keeps the old state; ``again``: the second bias."""

    def build(m, x):
        given, own = m.dense("x2h", x, 15), m.dense("h2h", Var(np.zeros((len(x.value), 5))), 15)

        def part(made, name):
            start = 5 * order.index(name)
            return made.taken((slice(None), slice(start, start + 5)))

        reset, update = (tape.sigmoid(part(given, n) + part(own, n)) for n in "rz")
        second = reset * part(own, "n") if again else Var(np.zeros(1))
        new = tape.tanh(part(given, "n") + second)
        return m.dense("out", ((Var(np.ones(1)) - update) if kept else update) * new, 3)

    return build


def steps(order="ifgo"):
    """An LSTM from its arrays."""

    def build(m, x):
        kernel, again = m.tensor("c", "W", (4, 16)), m.tensor("c", "U", (4, 16))
        bias = m.tensor("c", "b", (16,))
        h = c = Var(np.zeros((x.shape[0], 4)))
        for step in range(x.shape[1]):
            gates = x.taken((slice(None), step)) @ kernel + h @ again + bias
            i, f, g, o = (
                gates.taken((slice(None), slice(4 * at, 4 * at + 4)))
                for at in map(order.index, "ifgo")
            )
            c = tape.sigmoid(f) * c + tape.sigmoid(i) * tape.tanh(g)
            h = tape.sigmoid(o) * tape.tanh(c)
        return m.dense("out", h, 3)

    return build


def function(name="gelu"):
    """An activation that no side's trace shows."""

    def build(m, x):
        made = m.dense("a", x, 8)
        return m.dense("b", getattr(tape, name)(made) if name else made, 3)

    return build


def sequence(order=(0, 1, 2), place=0.0):
    """An image as a sequence of its places, to which a place is added; then a norm."""

    def build(m, x):
        x = m.conv("c", x, 3)
        laid = x.moved(0, *(1 + axis for axis in order)).reshape(x.shape[0], -1, 3)
        added = np.random.default_rng(3).normal(size=(laid.shape[1], 3)) * place
        return m.dense("out", m.last("end", m.layer_norm("n", laid + added)), 3)

    return build


def bordered(before=1):
    """A border of its own layer, then a convolution."""

    def build(m, x):
        border = before, 2 - before
        widths = [(0, 0), border, border, (0, 0)]
        texts = ",".join(f"{one}:{two}" for one, two in (border, border, (0, 0)))
        x = m.done("p", "pad", x, x.padded(widths), padding=texts, padding_value=0)
        return m.dense("d", m.flatten("f", m.conv("c", x, 2)), 3)

    return build


def fused(activation="relu", apart=False, units=8, change=None):
    """A layer with its activation, or the two ``apart``."""

    def build(m, x):
        x = two_sided.Var(change(x.value)) if change else x
        if apart:
            x = m.activation("r", m.dense("a", x, units), activation)
        else:
            x = m.dense("a", x, units, activation=activation)
        return m.dense("b", x, 3)

    return build


def reused(cut=False):
    """Logits by the table of the embedding, whose gradient there may be cut."""

    def build(m, x):
        x = m.embedding("e", x.value, 9, 4)
        table = m.values["e.table"]
        table = Var(table.value) if cut else table
        last = m.last("end", x)
        return m.done("head", "dense", last, last @ table.moved(1, 0))

    return build


WRITTEN = {
    "attention": (attention, two_sided.sequences),
    "queried": (pooled, two_sided.sequences),
    "highway": (highway, two_sided.rows),
    "cell": (cell, two_sided.rows),
    "steps": (steps, two_sided.sequences),
    "function": (function, two_sided.rows),
    "sequence": (sequence, two_sided.images),
    "bordered": (bordered, two_sided.images),
    "fused": (fused, two_sided.rows),
    "reused": (reused, two_sided.words),
}
