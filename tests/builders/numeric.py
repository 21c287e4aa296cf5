"""Layers in NumPy that are traced as they run, with the faults that people make."""

from dataclasses import dataclass, field

import numpy as np
from twinrun.contract.traced import TracedLayer, TracedTensor

from tests.builders import tape
from tests.builders.tape import Var

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
class Tracing:
    """One call of a model, as it is traced."""

    initial: dict = field(default_factory=dict)
    layers: list = field(default_factory=list)
    tensors: list = field(default_factory=list)
    outputs: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    returned: dict = field(default_factory=dict)  # in place of outputs, by index
    moved: dict = field(default_factory=dict)  # moving statistics after the step
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def tied(self, path, part, earlier):
        """The same array in another place."""
        key, held = f"{path}.{part}", self.values[earlier]
        self.values[key] = held
        tensor = TracedTensor(key, path, part, held.shape, trained=True, used=True, tied_to=earlier)
        self.tensors.append(tensor)

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
        given = self.returned.get(len(self.outputs) - 1)
        return made if given is None else Var(given)

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

    def _windows(self, x, size, stride, padding, *, dilation=1, value=0.0):
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
        windows = self._windows(x, size, stride, padding, dilation=dilation)
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
            padding=",".join([f"{padding[0]}:{padding[1]}"] * 2),
            dilation=f"{dilation},{dilation}",
            groups=1,
            use_bias=bias,
            activation=activation,
        )

    def pool(self, path, x, kind="max", *, size=2, stride=2, padding=(0, 0), value=None):
        value = (-np.inf if kind == "max" else 0.0) if value is None else value
        filled = -1e300 if value == -np.inf else np.nan_to_num(value)
        windows = self._windows(x, size, stride, padding, value=filled)
        flat = windows.reshape(*windows.shape[:3], size * size, x.shape[-1])
        if kind == "max":
            made = flat.largest(3)
        else:
            made = flat.mean(3).reshape(*windows.shape[:3], x.shape[-1])
            if np.isnan(value):  # What is padded does not count.
                inside = self._windows(Var(np.ones(x.shape)), size, stride, padding).value
                made = made * (1 / inside.mean((3, 4)))
        return self.done(
            path,
            f"{kind}_pool2d",
            x,
            made,
            size=f"{size},{size}",
            stride=f"{stride},{stride}",
            padding=",".join([f"{padding[0]}:{padding[1]}"] * 2),
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
        state = Var(np.zeros((x.shape[0], units)))

        def gate(given, number, held):
            own = held @ recurrent.taken((slice(None), number))
            own = own + again.taken(number) if again is not None else own
            return given @ kernel.taken((slice(None), number)) + bias.taken(number), own

        for step in range(x.shape[1]):
            given = x.taken((slice(None), step))
            update = tape.sigmoid(Var.__add__(*gate(given, z, state)))
            reset = tape.sigmoid(Var.__add__(*gate(given, r, state)))
            if reset_after:
                one, other = gate(given, h, state)
                new = tape.tanh(one + reset * other)
            else:
                new = tape.tanh(Var.__add__(*gate(given, h, reset * state)))
            state = update * state + (update * -1.0 + 1.0) * new
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
