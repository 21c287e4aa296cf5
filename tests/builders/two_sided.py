"""A tiny framework in NumPy, to trace the same model written twice: with a fault, or without.

A model is a function of a `Tracing` and its input that returns logits. Arrays are canonical.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from twinrun.contract.traced import ModelTraced, TracedLayer, TracedTensor

from orchestrator.pairing.pair import pair
from tests.builders import tape
from tests.builders.tape import Var
from tests.builders.traced import SIDES

BATCH = 6
ACTIVATIONS = {
    "relu": tape.relu,
    "leaky_relu": tape.leaky_relu,
    "tanh": tape.tanh,
    "sigmoid": tape.sigmoid,
    "gelu": tape.gelu,
    "gelu_tanh": tape.gelu_tanh,
    "softmax": tape.softmax,
}


@dataclass
class Training:
    """How a step goes, beside the model."""

    optimizer: str = "sgd"
    rate: float = 0.1
    decay: float = 0.0
    decoupled: bool = False
    epsilon: float = 1e-7
    epsilon_inside: bool = False
    momentum: float = 0.9
    clip: float = 0.0
    loss: str = "mean"
    shift: int = 0  # of labels
    scale: float = 1.0  # of the loss


@dataclass
class Tracing:
    """One call of a model, as it is traced."""

    initial: dict = field(default_factory=dict)
    layers: list = field(default_factory=list)
    tensors: list = field(default_factory=list)
    outputs: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    moved: dict = field(default_factory=dict)  # moving statistics after the step
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def tensor(self, path, part, shape, *, trained=True, spread=None, centre=0.0):
        key = f"{path}.{part}"
        if key not in self.values:
            drawn = centre + self.random.normal(size=shape) * (0.4 if spread is None else spread)
            self.values[key] = Var(self.initial.get(key, drawn))
            self.tensors.append(TracedTensor(key, path, part, tuple(shape), trained, used=True))
        return self.values[key]

    def done(self, path, kind, given, made, **settings):
        number = sum(layer.path == path for layer in self.layers)
        texts = {
            name: value if isinstance(value, str) else repr(value)
            for name, value in settings.items()
        }
        self.layers.append(
            TracedLayer(path, kind, kind, number, texts, given.shape[1:], made.shape[1:])
        )
        self.outputs.append(made)
        return made

    def activation(self, path, x, kind):
        return self.done(path, kind, x, ACTIVATIONS[kind](x))

    def dense(self, path, x, units, *, bias=True, activation="linear", turned=False):
        kernel = self.tensor(path, "kernel", (x.shape[-1], units))
        made = x @ (kernel.moved(1, 0) if turned else kernel)
        if bias:
            made = made + self.tensor(path, "bias", (units,))
        if activation != "linear":
            made = ACTIVATIONS[activation](made)
        return self.done(path, "dense", x, made, units=units, use_bias=bias, activation=activation)

    def _windows(self, x, size, stride, padding, dilation=1, value=0.0):
        """Values under each window: [batch, h, w, size, size, channels]."""
        x = x.padded(((0, 0), padding, padding, (0, 0)), value)
        reach = (size - 1) * dilation + 1
        starts = [np.arange(0, n - reach + 1, stride) for n in x.shape[1:3]]
        steps = np.arange(size) * dilation
        rows = (starts[0][:, None] + steps)[:, None, :, None]
        columns = (starts[1][:, None] + steps)[None, :, None, :]
        return x.taken((slice(None), rows, columns))

    def conv(
        self,
        path,
        x,
        filters,
        *,
        size=3,
        stride=1,
        padding=(1, 1),
        dilation=1,
        bias=True,
        activation="linear",
    ):
        windows = self._windows(x, size, stride, padding, dilation)
        batch, h, w = windows.shape[:3]
        kernel = self.tensor(path, "kernel", (size, size, x.shape[-1], filters))
        rows = windows.reshape(batch * h * w, size * size * x.shape[-1])
        made = (rows @ kernel.reshape(-1, filters)).reshape(batch, h, w, filters)
        if bias:
            made = made + self.tensor(path, "bias", (filters,))
        if activation != "linear":
            made = ACTIVATIONS[activation](made)
        return self.done(
            path,
            "conv2d",
            x,
            made,
            filters=filters,
            size=f"{size},{size}",
            stride=f"{stride},{stride}",
            padding=f"{padding[0]}:{padding[1]}," * 2,
            dilation=f"{dilation},{dilation}",
            groups=1,
            use_bias=bias,
            activation=activation,
        )

    def pool(self, path, x, kind="max", *, size=2, stride=2, padding=(0, 0), value=None):
        value = (-np.inf if kind == "max" else 0.0) if value is None else value
        filled = -1e300 if value == -np.inf else value
        windows = self._windows(x, size, stride, padding, value=filled)
        flat = windows.reshape(*windows.shape[:3], size * size, x.shape[-1])
        if kind == "max":
            made = flat.largest(3)
        else:
            made = flat.mean(3).reshape(*windows.shape[:3], x.shape[-1])
        return self.done(
            path,
            f"{kind}_pool2d",
            x,
            made,
            size=f"{size},{size}",
            stride=f"{stride},{stride}",
            padding=f"{padding[0]}:{padding[1]}," * 2,
            padding_value=float(value),
        )

    def _normal(self, x, axes, epsilon):
        centred = x - x.mean(axes)
        return centred * ((centred * centred).mean(axes) + epsilon).power(-0.5)

    def batch_norm(
        self, path, x, *, epsilon=1e-3, momentum=0.99, evaluating=False, unbiased=False, told=True
    ):
        axes, width = tuple(range(len(x.shape) - 1)), x.shape[-1]
        gamma = self.tensor(path, "gamma", (width,), centre=1.0)
        beta = self.tensor(path, "beta", (width,))
        mean = self.tensor(path, "moving_mean", (width,), trained=False)
        variance = self.tensor(
            path, "moving_variance", (width,), trained=False, centre=2, spread=0.1
        )
        if evaluating:
            made = (x - mean.value) * (variance.value + epsilon) ** -0.5
        else:
            made = self._normal(x, axes, epsilon)
            count = x.value.size / width
            seen = x.value.var(axes) * (count / (count - 1) if unbiased else 1)
            for held, now in ((mean, x.value.mean(axes)), (variance, seen)):
                self.moved[held] = momentum * held.value + (1 - momentum) * now
        settings = {"epsilon": epsilon, "momentum": momentum} if told else {}
        return self.done(path, "batch_norm", x, made * gamma + beta, **settings)

    def layer_norm(self, path, x, *, epsilon=1e-3):
        gamma = self.tensor(path, "gamma", x.shape[-1:], centre=1.0)
        beta = self.tensor(path, "beta", x.shape[-1:])
        made = self._normal(x, (-1,), epsilon) * gamma + beta
        return self.done(path, "layer_norm", x, made, epsilon=epsilon, axis="-1")

    def flatten(self, path, x, order=(0, 1, 2, 3)):
        return self.done(path, "flatten", x, x.moved(*order).reshape(x.shape[0], -1))

    def average(self, path, x):
        made = x.mean((1, 2)).reshape(x.shape[0], x.shape[-1])
        return self.done(path, "global_average_pool2d", x, made)

    def add(self, path, x, other):
        return self.done(path, "add", x, x + other)

    def embedding(self, path, places, rows, width):
        table = self.tensor(path, "table", (rows, width))
        return self.done(path, "embedding", Var(places), table.taken(places.astype(int)))

    def attention(self, path, x, *, heads=2, causal=False, scale=None):
        size = x.shape[-1] // heads
        scale = size**-0.5 if scale is None else scale
        batch, length, width = x.shape
        made = []
        for part in ("query", "key", "value"):
            kernel = self.tensor(path, f"{part}_kernel", (width, heads, size))
            bias = self.tensor(path, f"{part}_bias", (heads, size))
            flat = x @ kernel.reshape(width, heads * size) + bias.reshape(heads * size)
            made.append(flat.reshape(batch, length, heads, size).moved(0, 2, 1, 3))
        scores = made[0] @ made[1].moved(0, 1, 3, 2) * scale
        if causal:
            scores = scores + np.triu(np.full((length, length), -1e30), 1)
        mixed = (tape.softmax(scores) @ made[2]).moved(0, 2, 1, 3).reshape(batch, length, width)
        kernel = self.tensor(path, "output_kernel", (heads, size, width))
        out = mixed @ kernel.reshape(width, width) + self.tensor(path, "output_bias", (width,))
        return self.done(
            path,
            "multi_head_attention",
            x,
            out,
            heads=heads,
            key_size=size,
            scale=scale,
            causal=causal,
        )

    def dropout(self, path, x, rate, *, told=None, scaled=True, off=False):
        drawn = np.random.default_rng(3).random(x.shape) >= rate
        mask = np.ones(x.shape) if off else drawn / (1 - rate) if scaled else drawn.astype(float)
        return self.done(path, "dropout", x, x * mask, rate=rate if told is None else told)

    def last(self, path, x):
        return self.done(path, "", x, x.taken((slice(None), -1)))

    def gru(self, path, x, units, *, reset_after=True, order=(0, 1, 2)):
        kernel = self.tensor(path, "kernel", (x.shape[-1], 3, units))
        recurrent = self.tensor(path, "recurrent_kernel", (units, 3, units))
        bias = self.tensor(path, "bias", (3, units))
        again = self.tensor(path, "recurrent_bias", (3, units)) if reset_after else None
        z, r, h = order
        state, states = Var(np.zeros((x.shape[0], units))), []

        def gate(number, held, second=True):
            given = x.taken((slice(None), step)) @ kernel.taken((slice(None), number))
            own = held @ recurrent.taken((slice(None), number))
            own = own + again.taken(number) if again is not None and second else own
            return given + bias.taken(number), own

        for step in range(x.shape[1]):
            update = tape.sigmoid(Var.__add__(*gate(z, state)))
            reset = tape.sigmoid(Var.__add__(*gate(r, state)))
            if reset_after:
                given, own = gate(h, state)
                new = tape.tanh(given + reset * own)
            else:
                new = tape.tanh(Var.__add__(*gate(h, reset * state)))
            state = update * state + (update * -1.0 + 1.0) * new
            states.append(state)
        return self.done(
            path, "gru", x, state, units=units, reset_after=reset_after, return_sequences=False
        )

    def lstm(self, path, x, units, *, order=(0, 1, 2, 3)):
        kernel = self.tensor(path, "kernel", (x.shape[-1], 4, units))
        recurrent = self.tensor(path, "recurrent_kernel", (units, 4, units))
        bias = self.tensor(path, "bias", (4, units))
        state = cell = Var(np.zeros((x.shape[0], units)))
        for step in range(x.shape[1]):
            found = [
                x.taken((slice(None), step)) @ kernel.taken((slice(None), n))
                + state @ recurrent.taken((slice(None), n))
                + bias.taken(n)
                for n in order
            ]
            i, f, o = (tape.sigmoid(found[n]) for n in (0, 1, 3))
            cell = f * cell + i * tape.tanh(found[2])
            state = o * tape.tanh(cell)
        return self.done(path, "lstm", x, state, units=units, return_sequences=False)


def trace(build, inputs, labels, initial=None, training=None):
    """Return the report and the arrays of one step."""
    training = training or Training()
    tracing = Tracing(initial or {})
    logits = build(tracing, Var(inputs))
    rows = np.arange(len(labels)), (labels + training.shift) % logits.shape[-1]
    losses = tape.log_softmax(logits).taken(rows) * -training.scale
    loss = losses.sum() * (1 / len(labels) if training.loss == "mean" else 1.0)
    loss.backward()
    arrays = {"input": inputs, "labels": labels, "logits": logits.value}
    arrays["loss"] = loss.value.reshape(1)
    for index, made in enumerate(tracing.outputs):
        arrays[f"output/{index}"], arrays[f"slope/{index}"] = made.value, made.slope
    updated = _updated(tracing, training)
    for tensor in tracing.tensors:
        held = tracing.values[tensor.key]
        arrays[f"initial/{tensor.key}"] = held.value
        arrays[f"updated/{tensor.key}"] = updated[tensor.key]
        if tensor.trained:
            arrays[f"gradient/{tensor.key}"] = held.slope
    return ModelTraced(tuple(tracing.layers), tuple(tracing.tensors)), arrays


def _updated(tracing, training):
    """Every tensor after the first step, all slots at 0 before."""
    trained = {t.key: tracing.values[t.key] for t in tracing.tensors if t.trained}
    gradients = {key: held.slope for key, held in trained.items()}
    whole = np.sqrt(sum(float((g * g).sum()) for g in gradients.values()))
    factor = min(1.0, training.clip / whole) if training.clip else 1.0
    found = {}
    for tensor in tracing.tensors:
        held = tracing.values[tensor.key]
        if not tensor.trained:
            found[tensor.key] = tracing.moved.get(held, held.value)
            continue
        gradient = gradients[tensor.key] * factor
        if training.decay and not training.decoupled:
            gradient = gradient + training.decay * held.value
        step = _step(gradient, training)
        if training.decay and training.decoupled:
            step = step + training.decay * held.value
        found[tensor.key] = held.value - training.rate * step
    return found


def _step(gradient, training):
    match training.optimizer:
        case "sgd":
            return gradient
        case "nesterov":
            return gradient * (1 + training.momentum)
        case "adam":
            # After one step the corrected moments are the gradient and its square. Where epsilon
            # is inside, it is added before the second moment is corrected.
            spread = np.abs(gradient) * np.sqrt(0.001)
            if training.epsilon_inside:
                return gradient * np.sqrt(0.001) / (spread + training.epsilon)
            return gradient / (np.abs(gradient) + training.epsilon)
        case _:
            raise ValueError(training.optimizer)


def images(seed=0, side=6, channels=2):
    random = np.random.default_rng(seed)
    return random.normal(size=(BATCH, side, side, channels)), random.integers(0, 3, BATCH)


def rows(seed=0, width=5):
    random = np.random.default_rng(seed)
    return random.normal(size=(BATCH, width)), random.integers(0, 3, BATCH)


def sequences(seed=0, length=4, width=4):
    random = np.random.default_rng(seed)
    return random.normal(size=(BATCH, length, width)), random.integers(0, 3, BATCH)


def words(seed=0, length=4, known=9):
    random = np.random.default_rng(seed)
    places = random.integers(0, known, (BATCH, length)).astype(float)
    return places, random.integers(0, 3, BATCH)


def both(first, second, data, trainings=(None, None), start=None, noise=0.0):
    """Pair two models and trace both from the first's values; ``start`` changes the second's.

    ``noise``: the relative size of rounding that is put on all of the second's arrays.
    """
    one = trace(first, *data, training=trainings[0])
    model, _ = trace(second, *data)
    pairing = pair(one[0], model, SIDES, {})
    return pairing, *again(pairing, first, second, data, trainings, start, noise)


def again(pairing, first, second, data, trainings=(None, None), start=None, noise=0.0):
    """Trace both with the first's values by ``pairing``; return both sides' arrays."""
    one = trace(first, *data, training=trainings[0])[1]
    initial = {each.second.key: one[f"initial/{each.first.key}"] for each in pairing.tensors}
    other = trace(second, *data, {**initial, **(start or {})}, trainings[1])[1]
    random = np.random.default_rng(1)
    for name, array in other.items():
        if noise and name not in {"labels", "input"} and not name.startswith("initial"):
            apart = random.normal(size=array.shape) * noise * np.abs(array).max(initial=0.0)
            other[name] = array + apart
    return one, other


def changed(training=None, **changes):
    return replace(training or Training(), **changes)
