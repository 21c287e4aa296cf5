"""Models of code as a trace reports them, made up: no framework ran."""

from dataclasses import dataclass, field, replace

from twinrun.contract.traced import ModelTraced, TracedDraw, TracedLayer, TracedTensor

SIDES = ("pytorch", "tensorflow")
BATCH_NORM = ("gamma", "beta", "moving_mean", "moving_variance")
ATTENTION = ("query", "key", "value")


@dataclass
class Sketch:
    """A model that is written down call by call, in one side's names."""

    layers: list[TracedLayer] = field(default_factory=list)
    tensors: list[TracedTensor] = field(default_factory=list)
    draws: list[TracedDraw] = field(default_factory=list)

    def call(self, path, kind, output, parts=None, *, changes=None, **settings):
        """Add a call; its arrays with the first one. ``changes``: of an array, by its part."""
        number = sum(layer.path == path for layer in self.layers)
        self.layers.append(
            TracedLayer(path, kind.title(), kind, number, settings, _before(self), tuple(output))
        )
        for part, shape in (parts or {}).items() if not number else ():
            keys = {
                "trained": not part.startswith("moving_"),
                "used": True,
                **(changes or {}).get(part, {}),
            }
            self.tensors.append(TracedTensor(f"{path}.{part}", path, part, tuple(shape), **keys))
        return self

    def tensor(self, layer, part, shape, **changes):
        """Add an array whose layer is not called."""
        keys = {"trained": True, "used": True, **changes}
        self.tensors.append(TracedTensor(f"{layer}.{part}", layer, part, tuple(shape), **keys))
        return self

    def dense(self, path, width, units, **rest):
        return self.call(
            path, "dense", (units,), {"kernel": (width, units), "bias": (units,)}, **rest
        )

    def conv(self, path, channels, filters, side=8, window=3, **rest):
        parts = {"kernel": (window, window, channels, filters), "bias": (filters,)}
        return self.call(path, "conv2d", (side, side, filters), parts, **rest)

    def batch_norm(self, path, channels, side=8, **rest):
        output = (side, side, channels)
        return self.call(path, "batch_norm", output, dict.fromkeys(BATCH_NORM, (channels,)), **rest)

    def layer_norm(self, path, width, length=5, **rest):
        parts = dict.fromkeys(("gamma", "beta"), (width,))
        return self.call(path, "layer_norm", (length, width), parts, **rest)

    def attention(self, path, width, heads=2, length=5, **rest):
        size = width // heads
        parts = {f"{each}_kernel": (width, heads, size) for each in ATTENTION}
        parts |= {f"{each}_bias": (heads, size) for each in ATTENTION}
        parts |= {"output_kernel": (heads, size, width), "output_bias": (width,)}
        return self.call(path, "multi_head_attention", (length, width), parts, **rest)

    def plain(self, path, kind, **settings):
        """Add a call without arrays that keeps its input's shape."""
        return self.call(path, kind, _before(self), **settings)

    def dropout(self, path, rate=0.5):
        shape = _before(self)
        self.draws.append(TracedDraw(path, rate, shape))
        return self.call(path, "dropout", shape, rate=repr(rate))

    def done(self):
        return ModelTraced(tuple(self.layers), tuple(self.tensors), tuple(self.draws))


def _before(sketch):
    return sketch.layers[-1].output_shape if sketch.layers else ()


def renamed(model, name):
    """The same model, with other paths: ``name`` of each."""
    keys = {tensor.key: f"{name(tensor.layer)}.{tensor.part}" for tensor in model.tensors}
    return ModelTraced(
        tuple(replace(layer, path=name(layer.path)) for layer in model.layers),
        tuple(
            replace(
                tensor,
                key=keys[tensor.key],
                layer=name(tensor.layer),
                tied_to=keys.get(tensor.tied_to, ""),
            )
            for tensor in model.tensors
        ),
        tuple(replace(draw, path=name(draw.path)) for draw in model.draws),
    )
