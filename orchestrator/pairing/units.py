"""A model's calls as a sequence of units: one kind each, on whichever side they were written.

One side's call may be two of the other's: a dense layer with its activation, a separable
convolution. Each becomes as many units as it has parts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from twinrun.contract.traced import ModelTraced, TracedLayer, TracedTensor

ACTIVATIONS = frozenset(
    [
        "relu",
        "leaky_relu",
        "prelu",
        "relu6",
        "elu",
        "selu",
        "celu",
        "gelu",
        "gelu_tanh",
        "tanh",
        "sigmoid",
        "softmax",
        "log_softmax",
        "silu",
        "swish",
        "mish",
        "softplus",
        "softsign",
        "hard_sigmoid",
        "hard_silu",
        "hard_tanh",
        "exponential",
        "linear",
        "identity",
        "activation",
    ]
)
_RECURRENT = frozenset({"lstm", "gru", "rnn", "simple_rnn"})
# Kinds that can stand for each other if one of them is a mistake.
_FAMILIES = (
    ACTIVATIONS,
    frozenset({"batch_norm", "layer_norm", "group_norm", "rms_norm"}),
    frozenset({"max_pool1d", "average_pool1d"}),
    frozenset({"max_pool2d", "average_pool2d"}),
    frozenset({"max_pool3d", "average_pool3d"}),
    frozenset({"global_max_pool1d", "global_average_pool1d"}),
    frozenset({"global_max_pool2d", "global_average_pool2d"}),
    frozenset({"conv2d", "depthwise_conv2d"}),
)
# Of layers that are several in one: of each, the kind, and which parts are which.
_SEPARABLE = {
    f"separable_conv{n}d": (
        (f"depthwise_conv{n}d", {"depthwise_kernel": "kernel"}),
        (f"conv{n}d", {"pointwise_kernel": "kernel", "bias": "bias"}),
    )
    for n in (1, 2)
}


@dataclass(frozen=True, slots=True)
class Unit:
    """``parts``: of its tensors, in order. ``ends``: its output is that of its call.

    Units are equal if nothing that is the same on both sides tells them apart.
    """

    kind: str
    parts: tuple[tuple[str, tuple[int, ...]], ...]
    output: tuple[int, ...]
    again: bool  # A later call of the same layer.
    index: int = field(compare=False)
    ends: bool = field(compare=False)
    tensors: tuple[TracedTensor, ...] = field(compare=False)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of its tensors, whichever way round they are."""
        return sorted(tuple(sorted(shape)) for _, shape in self.parts)


def of_model(model: ModelTraced) -> list[Unit]:
    """Return the units of all calls, in order."""
    owned: dict[str, list[TracedTensor]] = {}
    for tensor in model.tensors:
        owned.setdefault(tensor.layer, []).append(tensor)
    return [
        unit
        for index, layer in enumerate(model.layers)
        for unit in _of_layer(index, layer, owned.get(layer.path, []))
    ]


def _of_layer(index: int, layer: TracedLayer, tensors: Sequence[TracedTensor]) -> Iterator[Unit]:
    activation = layer.settings.get("activation", "linear")
    # A recurrent layer's is part of its formula, not after it.
    alone = layer.kind in ACTIVATIONS or layer.kind in _RECURRENT
    fused = not alone and activation in ACTIVATIONS - {"linear", "identity"}
    kinds = _SEPARABLE.get(layer.kind, ((layer.kind, {each.part: each.part for each in tensors}),))
    for number, (kind, names) in enumerate(kinds, start=1):
        own = tuple(each for each in tensors if each.part in names)
        parts = tuple((names[each.part], each.shape) for each in own)
        ends = number == len(kinds) and not fused
        yield Unit(kind, parts, layer.output_shape, layer.call > 0, index, ends, own)
    if fused:
        yield Unit(activation, (), layer.output_shape, layer.call > 0, index, True, ())


def alike(one: Unit, other: Unit) -> int:
    """Return how alike they are; 0: they can be no pair."""
    fits = one.output == other.output
    if one.kind == other.kind and one.kind:
        weight = 10 if one.parts else 2
        if one.parts == other.parts and one.again == other.again:
            return 2 * weight + fits
        return (weight if one.parts and other.parts else 1) + (one.shapes == other.shapes) + fits
    if any({one.kind, other.kind} <= family for family in _FAMILIES):
        return 1 if fits else 0
    if (one.kind and other.kind) or one.shapes != other.shapes or not fits:
        return 0
    return 8 if one.parts else 1
