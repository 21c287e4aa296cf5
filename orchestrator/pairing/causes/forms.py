"""What a layer lacks, or has in another order: its bias, its values, its rows, its gates."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from orchestrator.language.phrases import Phrase, english
from orchestrator.pairing.causes import by_hand
from orchestrator.pairing.causes.clues import Cause, Clues, Side, Tried
from orchestrator.pairing.causes.layers import SETTING, any_of, at_layer
from orchestrator.pairing.formulas.layers import with_settings

_NO_BIAS = Phrase("{side}'s `{path}` had no bias")
_VALUES = Phrase("{side}'s `{path}` started with {other}'s values of {part}")
_ROWS = Phrase("{side}'s `{path}` took the axes of the flattened image in the order {order}")
_TURNED = Phrase("{side}'s kernel of `{path}` were transposed")
_GATES = Phrase("{side}'s gates of `{path}` were in the order {order}")


def _bias(clues: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield the side's output without its bias."""
    biases = [part for part in side.tensors if part.endswith("bias") and part not in other.tensors]
    if biases:
        left = {part: values for part, values in side.tensors.items() if part not in biases}
        change = english(_NO_BIAS, side=side.name, path=side.layer.path)
        yield from clues.tried(side, change, parts=left)


def _initial(clues: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield the side's output with the other's values of a part, then of all."""
    parts = [part for part in side.tensors if part in other.tensors]
    for chosen in [*([part] for part in parts), parts]:
        values = {part: other.tensors[part] for part in chosen}
        same = all(np.array_equal(side.tensors[part], values[part]) for part in chosen)
        if chosen and not same:
            part = ", ".join(chosen)
            change = english(
                _VALUES, side=side.name, path=side.layer.path, other=other.name, part=part
            )
            yield from clues.tried(side, change, parts={**side.tensors, **values})


def _turned(clues: Clues, side: Side, _: Side) -> Iterator[Tried]:
    """Yield the output with a square kernel the other way round."""
    kernel = side.tensors.get("kernel")
    if kernel is None or kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        return
    change = english(_TURNED, side=side.name, path=side.layer.path)
    yield from clues.tried(side, change, parts={**side.tensors, "kernel": kernel.T})


def _flatten(clues: Clues, side: Side, _: Side) -> Iterator[Tried]:
    """Yield the output with the kernel's rows for other orders of the image's axes."""
    kernel = side.tensors.get("kernel")
    if kernel is None or kernel.ndim != 2 or side.index is None:
        return
    shapes = [layer.output_shape for layer in side.model.layers[: side.index]]
    batch = side.arrays.get("input", np.zeros(0))
    sizes = [shape for shape in [*shapes[::-1], batch.shape[1:]] if len(shape) > 1]
    shape = next((shape for shape in sizes if np.prod(shape) == kernel.shape[0]), None)
    if shape is None:
        return
    for order in permutations(range(len(shape))):
        rows = np.arange(kernel.shape[0]).reshape(shape).transpose(order).ravel()
        for places in (rows, np.argsort(rows)):
            change = english(
                _ROWS, side=side.name, path=side.layer.path, order=", ".join(map(str, order))
            )
            parts = {**side.tensors, "kernel": kernel[places]}
            yield from clues.tried(side, change, parts=parts)


def _flat(_: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield the image with its axes flattened in other orders."""
    image = next((x for x in side.inputs() if x.shape[1:] == side.layer.input_shape), None)
    if image is None or other.output is None:
        return
    for order in permutations(range(1, image.ndim)):
        text = ", ".join(str(each - 1) for each in order)
        change = english(_ROWS, side=side.name, path=side.layer.path, order=text)
        yield Tried(change, image.transpose(0, *order).reshape(len(image), -1), other.output)


def _gates(clues: Clues, side: Side, _: Side) -> Iterator[Tried]:
    """Yield the output with the gates in other orders."""
    names = {"lstm": "ifgo", "gru": "zrh"}[side.layer.kind]
    for order in permutations(range(len(names))):
        moved = {
            part: values[..., order, :] if values.ndim > 1 else values
            for part, values in side.tensors.items()
        }
        text = ", ".join(names[each] for each in order)
        change = english(_GATES, side=side.name, path=side.layer.path, order=text)
        yield from clues.tried(side, change, parts=moved)


def _reset_after(clues: Clues, side: Side, _: Side) -> Iterator[Tried]:
    """Yield the output with the reset before the product, without the second bias."""
    if "recurrent_bias" not in side.tensors:
        return
    values = dict(side.tensors)
    values["recurrent_bias"] = np.zeros_like(values["recurrent_bias"])
    path = side.layer.path
    for after in ("False", "True"):
        change = english(SETTING, side=side.name, setting="reset_after", path=path, value=after)
        layer = with_settings(side.layer, reset_after=after)
        yield from clues.tried(side, change, layer, values)


def _orders(clues: Clues) -> Iterator[Tried]:
    yield from at_layer(("flatten",), _flat)(clues)
    yield from at_layer(("dense",), _flatten)(clues)
    yield from by_hand.SEQUENCE.other("order")(clues)


CAUSES = (
    Cause(
        "missing_bias",
        Phrase("a bias that is missing"),
        at_layer(("",), _bias),
    ),
    Cause("initial_values", Phrase("other initial values"), at_layer(("",), _initial)),
    Cause("flatten_order", Phrase("the order of a flattened image"), _orders),
    Cause("transposed_kernel", Phrase("a transposed kernel"), at_layer(("dense",), _turned)),
    Cause(
        "gate_order",
        Phrase("the order of the gates"),
        any_of(
            at_layer(("lstm", "gru"), _gates),
            *(form.other("order") for form in (by_hand.LSTM, by_hand.GRU, by_hand.HIGHWAY)),
            by_hand.GRU.other("update"),
        ),
    ),
    Cause(
        "second_gru_bias",
        Phrase("the second bias of a GRU, or when it resets"),
        any_of(at_layer(("gru",), _reset_after), by_hand.GRU.other("bias")),
    ),
)
