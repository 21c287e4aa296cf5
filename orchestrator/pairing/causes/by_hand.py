"""The forms of attention, gates and activations that people write themselves."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import permutations

import numpy as np

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.pairing.causes.clues import Side, Way
from orchestrator.pairing.causes.hidden import Form
from orchestrator.pairing.formulas.activations import ACTIVATIONS, Floats, sigmoid
from orchestrator.pairing.formulas.layers import before_norm
from orchestrator.pairing.formulas.sequences import attended, lstm

_RECENT = 6  # outputs, the last first, that may have been used
_MOST_HEADS = 16
_MASKS = {
    "none": Phrase("no mask"),
    "causal": Phrase("a causal mask"),
    "more": Phrase("a causal mask that lets each look one ahead"),
    "reverse": Phrase("a mask of all that is earlier"),
    "zeros": Phrase("a causal mask that sets scores to 0, not to -inf"),
}

_ROWS = Phrase("rows, columns, channels")
_COLUMNS = Phrase("columns, rows, channels")
_CHANNELS = Phrase("channels, rows, columns")
_TURNED = Phrase("rows, columns, channels, then turned")
_FIRST = Phrase("what is let through, then the gate")
_GATE = Phrase("the gate, then what is let through")


def _width(side: Side) -> int:
    """Return how wide the input of a layer is; 0: it has no kernel."""
    kernel = side.tensors.get("kernel")
    return 0 if kernel is None or kernel.ndim < 2 else kernel.shape[-2]


def _outputs(side: Side, rank: int, width: int) -> list[Floats]:
    """Return recent outputs of a rank and width, the last first."""
    if side.index is None:
        return []
    numbers = range(side.index - 1, -1, -1)
    found = (side.floats(f"output/{number}") for number in numbers)
    fits = [x for x in found if x is not None and x.ndim == rank and x.shape[-1] == width]
    return fits[:_RECENT]


def _divisors(number: int) -> list[int]:
    return [each for each in range(1, number + 1) if number % each == 0]


def _masked(scores: Floats, mask: str) -> Floats:
    """Return scores [..., queries, keys] with a mask."""
    if mask == "none":
        return scores
    length = scores.shape[-1]
    past = np.tri(length, dtype=bool)
    seen = {"more": np.tri(length, k=1, dtype=bool), "reverse": past.T}.get(mask, past)
    return np.where(seen, scores, 0.0 if mask == "zeros" else -np.inf)


def _scales(width: int, size: int, length: int) -> list[float]:
    sizes = [size, width, length, *_divisors(width)]
    return [*dict.fromkeys([size**-0.5, 1.0, 1 / size, 1 / width, *(n**-0.5 for n in sizes)])]


def _attentions(side: Side) -> Iterator[Way]:
    """Yield the attention of queries, keys and values, each of several heads."""
    width = _width(side)
    sources = [np.split(x, 3, axis=-1) for x in _outputs(side, 3, 3 * width)[:1]]
    own = _outputs(side, 3, width)[:3]
    sources += [own[::-1]] if len(own) == 3 else []
    for q, k, v in sources:
        for heads in [each for each in _divisors(width) if each <= _MOST_HEADS]:
            for scale in _scales(width, width // heads, q.shape[1]):
                for mask, words in _MASKS.items():
                    yield _attention((q, k, v), heads, scale, (mask, english(words)))


def _attention(
    sources: tuple[Floats, Floats, Floats], heads: int, scale: float, mask: tuple[str, Sentence]
) -> Way:
    def made() -> Floats:
        q, k, v = (x.reshape(*x.shape[:2], heads, -1) for x in sources)
        mixed = attended(q, k, v, scale, lambda scores: _masked(scores, mask[0]))
        return mixed.reshape(sources[0].shape)

    return Way(_texts(heads=f"{heads}", scale=f"{scale:.6g}", mask=mask[1]), made)


def _texts(**choices: str) -> Mapping[str, str]:
    return choices


def _pools(side: Side) -> Iterator[Way]:
    """Yield the mean of a sequence, weighted by how alike its members are to a learned vector."""
    width = _width(side)
    vectors = [
        values.astype(float)
        for name, values in side.arrays.items()
        if name.startswith("initial/") and values.shape == (width,)
    ]
    for x in _outputs(side, 3, width)[:3]:
        for vector in vectors:
            for scale in _scales(width, width, x.shape[1]):
                yield _pool(x, vector, scale)


def _pool(x: Floats, vector: Floats, scale: float) -> Way:
    def made() -> Floats:
        query, keys = np.broadcast_to(vector, (len(x), 1, 1, len(vector))), x[:, :, np.newaxis]
        return attended(query, keys, keys, scale)[:, 0, 0]

    return Way(_texts(scale=f"{scale:.6g}"), made)


def _highways(side: Side) -> Iterator[Way]:
    """Yield gated units: one half of what a layer returned opens the other, or lets x through."""
    width, rank = _width(side), 2
    for packed in _outputs(side, rank, 2 * width)[:2]:
        one, other = np.split(packed, 2, axis=-1)
        for order, (transform, gate) in ((english(_FIRST), (one, other)),
                                         (english(_GATE), (other, one))):  # fmt: skip
            for name in ("relu", "tanh", "linear", "gelu", "silu", "sigmoid"):
                for number, x in enumerate((None, *_outputs(side, rank, width))):
                    yield _highway(
                        {"order": order, "activation": name, "carried": f"{number}"},
                        transform,
                        gate,
                        x,
                    )


def _highway(choices: Mapping[str, str], transform: Floats, gate: Floats, x: Floats | None) -> Way:
    def made() -> Floats:
        opened, found = sigmoid(gate), ACTIVATIONS[choices["activation"]](transform)
        return opened * found + (0 if x is None else (1 - opened) * x)

    return Way(choices, made)


def _first_steps(side: Side) -> Iterator[Way]:
    """Yield a GRU's first state by what two layers made of the first input and of zeros."""
    width = _width(side)
    recent = _outputs(side, 2, 3 * width)
    for given, own in permutations(recent[:3], 2):
        if not np.allclose(own, own[:1]):  # zeros give the bias, for every sample
            continue
        for bias in (True, False):
            for update in ("z * h + (1 - z) * n", "(1 - z) * h + z * n"):
                orders = [*permutations("rzn")]
                for gates in [*zip(orders, orders, strict=True), *permutations(orders, 2)]:
                    yield _gru(given, own, gates, update, bias=bias)


def _gru(
    given: Floats, own: Floats, gates: tuple[tuple[str, ...], ...], update: str, *, bias: bool
) -> Way:
    def made() -> Floats:
        sides = zip(gates, (given, own), strict=True)
        x, h = (dict(zip(names, np.split(each, 3, axis=-1), strict=True)) for names, each in sides)
        z = sigmoid(x["z"] + h["z"])
        new = np.tanh(x["n"] + sigmoid(x["r"] + h["r"]) * h["n"] * bias)
        return new * (z if update.startswith("(") else 1 - z)

    text = " / ".join(", ".join(names) for names in dict.fromkeys(gates))
    return Way(_texts(order=text, update=update, bias=f"{bias}"), made)


def _cells(side: Side) -> Iterator[Way]:
    """Yield an LSTM's last state by the arrays of a cell: two kernels, perhaps a bias."""
    width = _width(side)
    arrays = {
        name: values.astype(float)
        for name, values in side.arrays.items()
        if name.startswith("initial/") and values.shape[-1:] == (4 * width,) and width
    }
    kernels = [name for name, values in arrays.items() if values.ndim == 2]
    biases = [name for name, values in arrays.items() if values.ndim == 1]
    for kernel, recurrent in permutations(kernels, 2):
        sequences = [x for x in side.inputs() if x.ndim == 3 and x.shape[-1] == len(arrays[kernel])]
        if len(arrays[recurrent]) != width or not sequences:
            continue
        for bias in [*biases, None]:
            values = np.zeros(4 * width) if bias is None else arrays[bias]
            for order in permutations(range(4)):
                yield _cell(
                    sequences[0], (arrays[kernel], arrays[recurrent], values), order, f"{bias}"
                )


def _cell(x: Floats, arrays: tuple[Floats, ...], order: tuple[int, ...], bias: str) -> Way:
    def made() -> Floats:
        split = [each.reshape(*each.shape[:-1], 4, -1)[..., order, :] for each in arrays]
        names = ("kernel", "recurrent_kernel", "bias")
        return lstm(x, dict(zip(names, split, strict=True)), {})

    # The cell's own chunks, in which i, f, g and o are then found.
    text = ", ".join("ifgo"[order.index(each)] for each in range(4))
    return Way(_texts(order=text, bias=bias), made)


def _laid(image: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield sequences [batch, places, channels] that are made of images, right and wrong."""
    batch, *_, channels = image.shape
    first = np.moveaxis(image, -1, 1)
    yield english(_ROWS), image.reshape(batch, -1, channels)
    yield english(_COLUMNS), np.swapaxes(image, 1, 2).reshape(batch, -1, channels)
    yield english(_CHANNELS), first.reshape(batch, -1, channels)
    turned = image.reshape(batch, channels, -1)
    yield english(_TURNED), np.swapaxes(turned, 1, 2)


def _sequences(side: Side) -> Iterator[Way]:
    """Yield an image as a sequence, to which the same may be added in each sample."""
    if side.index is None or side.output is None:
        return
    got = before_norm(side.layer, side.output, side.tensors)
    numbers = range(side.index - 1, -1, -1)
    images = [side.floats(f"output/{number}") for number in numbers]
    for image in [x for x in images if x is not None and x.ndim == 4][:2]:
        laid = dict(_laid(image))
        for added in ("nothing", *laid):
            for order, x in laid.items():
                more = None if added == "nothing" else laid[added]
                yield Way(_texts(order=order, added=added), partial(_sequence, x, more, got))


def _sequence(x: Floats, own: Floats | None, got: Floats | None) -> Floats:
    """Return it with what makes ``own`` what the layer ``got``, the mean over all samples.

    Before its places may be one that is learned.
    """
    if own is None or got is None or got.ndim != 3:
        return x
    before = max(got.shape[1] - x.shape[1], 0)
    x, own = (np.pad(each, [(0, 0), (before, 0), (0, 0)]) for each in (x, own))
    return x + (got - own).mean(axis=0) if x.shape == got.shape else x


def _activated(side: Side) -> Iterator[Way]:
    """Yield an activation of what a layer returned."""
    if side.index is None or not side.tensors:
        return
    numbers = range(side.index - 1, max(side.index - 1 - _RECENT, -1), -1)
    for number in numbers:
        x = side.floats(f"output/{number}")
        if x is None:
            continue
        for name in ACTIVATIONS:
            yield _activation(f"{number}", name, x)


def _activation(number: str, name: str, x: Floats) -> Way:
    return Way(_texts(activation=name, source=number), lambda: ACTIVATIONS[name](x))


_SCALE = Phrase("the scale of the scores")
_ORDER = Phrase("the gates in the order")

ATTENTION = Form(
    _attentions,
    {"scale": _SCALE, "mask": Phrase("the scores under"), "heads": Phrase("the number of heads")},
)
POOL = Form(_pools, {"scale": _SCALE})
HIGHWAY = Form(_highways, {"order": _ORDER, "activation": Phrase("the activation")})
GRU = Form(
    _first_steps,
    {
        "order": _ORDER,
        "update": Phrase("the new state as"),
        "bias": Phrase("the second bias within the reset:"),
    },
)
SEQUENCE = Form(_sequences, {"order": Phrase("the axes of an image in the order")}, traced=True)
LSTM = Form(_cells, {"order": _ORDER})
ACTIVATION = Form(_activated, {"activation": Phrase("the activation")})
