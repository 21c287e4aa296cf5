"""Models that people write in two frameworks, each with the faults that its arguments plant."""

import numpy as np

from tests.builders import tape, two_sided
from tests.builders.tape import Var


def mlp(**fault):
    def build(m, x):
        x = m.activation("r", m.dense("a", x, 8), fault.get("activation", "tanh"))
        x = m.dense("b", x, 8, bias=fault.get("bias", True), turned=fault.get("turned", False))
        return m.dense("c", x if fault.get("missing") else m.activation("s", x, "relu"), 3)

    return build


def lenet(order=(0, 1, 2, 3), **fault):
    def build(m, x):
        x = m.activation("r", m.conv("c1", x, 4, **fault), "relu")
        x = m.conv("c2", m.pool("p", x), 4)
        return m.dense("d", m.flatten("f", x, order), 3)

    return build


def resnet(**fault):
    def build(m, x):
        x = m.conv("stem", x, 4)
        for block in range(2):
            own = fault if block == 1 else {}
            y = m.activation(
                f"{block}r", m.batch_norm(f"{block}n", m.conv(f"{block}a", x, 4)), "relu"
            )
            y = m.batch_norm(f"{block}m", m.conv(f"{block}b", y, 4), **own)
            x = m.activation(f"{block}s", m.add(f"{block}+", x, y), "relu")
        return m.dense("head", m.average("pool", x), 3)

    return build


def transformer(**fault):
    def build(m, x):
        x = m.embedding("e", x.value, 9, 8)
        for block in range(2):
            own = fault if block == 1 else {}
            norm = {"epsilon": own["epsilon"]} if "epsilon" in own else {}
            seen = {k: v for k, v in own.items() if k in {"causal", "scale"}}
            x = m.add(
                f"{block}+",
                x,
                m.attention(f"{block}t", m.layer_norm(f"{block}n", x, **norm), **seen),
            )
            y = m.dense(f"{block}u", m.layer_norm(f"{block}o", x), 12)
            y = m.activation(f"{block}g", y, own.get("gelu", "gelu"))
            x = m.add(f"{block}*", x, m.dense(f"{block}d", y, 8))
        return m.dense("out", m.last("end", x), 3)

    return build


def recurrent(kind, **fault):
    def build(m, x):
        return m.dense("out", getattr(m, kind)("r", x, 4, **fault), 3)

    return build


def gru(**fault):
    return recurrent("gru", **fault)


def lstm(**fault):
    return recurrent("lstm", **fault)


def dropped(**fault):
    fault = {"rate": 0.2} | fault

    def build(m, x):
        x = m.activation("r", m.dense("a", x, 8), "relu")
        return m.dense("b", m.dropout("drop", x, **fault), 3)

    return build


def pooled(**fault):
    fault = {"kind": "average", "padding": (1, 1)} | fault

    def build(m, x):
        x = m.pool(
            "p", m.conv("c", x, 3), fault["kind"], **{k: v for k, v in fault.items() if k != "kind"}
        )
        return m.dense("d", m.flatten("f", x), 3)

    return build


def ended(**fault):
    """Ends in a softmax, if that is the fault."""

    def build(m, x):
        x = m.dense("b", m.activation("r", m.dense("a", x, 8), "relu"), 3)
        if "order" in fault:
            return x.taken((slice(None), fault["order"]))
        return m.activation("end", x, "softmax") if fault else x

    return build


def scaled(change=None):
    """The batch is changed before it goes into the model."""

    def build(m, x):
        x = m.conv("c", two_sided.Var(change(x.value)) if change else x, 3)
        return m.dense("d", m.flatten("f", m.activation("r", x, "relu")), 3)

    return build


def tied(**fault):
    def build(m, x):
        x = m.activation("r", m.dense("a", x, 5), "tanh")
        if fault:
            m.tied("b", "kernel", "a.kernel")
        return m.dense("c", m.activation("s", m.dense("b", x, 5), "tanh"), 3)

    return build


def leaky(slope=0.1):
    def build(m, x):
        x = m.dense("a", x, 8)
        x = m.done("r", "leaky_relu", x, tape.leaky_relu(x, slope), negative_slope=slope)
        return m.dense("c", x, 3)

    return build


def resized(corners=False):
    """Three pixels in place of each, linear between them."""

    def build(m, x):
        x = m.conv("c", x, 2)
        length = x.shape[1] * 3
        places = np.linspace(0, x.shape[1] - 1, length)
        if not corners:
            places = np.clip((np.arange(length) + 0.5) / 3 - 0.5, 0, x.shape[1] - 1)
        low = np.minimum(places.astype(int), x.shape[1] - 2)
        share = places - low
        both = np.zeros((length, x.shape[1]))
        both[np.arange(length), low], both[np.arange(length), low + 1] = 1 - share, share
        made = Var(both) @ x.moved(0, 3, 1, 2) @ Var(both.T)
        x = m.done(
            "u", "upsample2d", x, made.moved(0, 2, 3, 1),
            size="3,3", interpolation="bilinear", corners=corners,
        )  # fmt: skip
        return m.dense("d", m.average("p", x), 3)

    return build


MODELS = {
    "tied": (tied, two_sided.rows),
    "leaky": (leaky, two_sided.rows),
    "resized": (resized, two_sided.images),
    "gru": (gru, two_sided.sequences),
    "lstm": (lstm, two_sided.sequences),
    "dropped": (dropped, two_sided.rows),
    "pooled": (pooled, two_sided.images),
    "ended": (ended, two_sided.rows),
    "scaled": (scaled, two_sided.images),
    "mlp": (mlp, two_sided.rows),
    "lenet": (lenet, two_sided.images),
    "resnet": (resnet, two_sided.images),
    "transformer": (transformer, two_sided.words),
}
