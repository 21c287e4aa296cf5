"""What goes into the model otherwise, and what the loss makes of what comes out."""

from collections.abc import Callable, Iterator

import numpy as np

from orchestrator.language.phrases import Phrase, english
from orchestrator.pairing.causes.clues import Cause, Clues, Side, Tried, ratio
from orchestrator.pairing.formulas.activations import Floats, softmax
from orchestrator.pairing.formulas.layers import returned
from orchestrator.pairing.locate import Place
from orchestrator.pairing.measure import gap

_MULTIPLIED = Phrase("{side}'s input were multiplied by {factor}")
_MOVED = Phrase("{side}'s input were moved from 0 to 1 to -1 to 1")
_CHANNELS = Phrase("{side}'s input had its channels in reverse")
_AXES = Phrase("{side}'s input had its rows and columns swapped")
_SOFTMAX = Phrase("{side} took the softmax of its output, as {other} does")
_ORDER = Phrase("{side}'s outputs were in the order {order}")
_LABELS = Phrase("{side}'s labels were {change}")
_SHIFTED = Phrase("moved by {number}")
_REVERSED = Phrase("counted from the last class")
_SUMMED = Phrase("{side}'s loss were {factor} times as large: the sum over a batch of {count}")
_TIMES = Phrase("{side}'s loss were {factor} times as large")
_BROADCAST = Phrase("{side} subtracted targets [n] from outputs [n, 1], which gives [n, n]")


def _changed(side: Side) -> Iterator[tuple[Phrase, dict[str, object], Floats]]:
    """Yield what a batch may be otherwise."""
    x = side.floats("input")
    if x is None:
        return
    for factor in (255.0, 1 / 255.0, 127.5, 2.0, 0.5):
        yield _MULTIPLIED, {"factor": f"{factor:.6g}"}, x * factor
    yield _MOVED, {}, 2 * x - 1
    if x.ndim > 2:
        yield _CHANNELS, {}, x[..., ::-1]
        if x.shape[1] == x.shape[2]:
            yield _AXES, {}, np.swapaxes(x, 1, 2)


def _of_input(*phrases: Phrase) -> Callable[[Clues], Iterator[Tried]]:
    def find(clues: Clues) -> Iterator[Tried]:
        for side, other in clues.turns():
            for phrase, values, x in _changed(side):
                if phrase in phrases:
                    change = english(phrase, side=side.name, **values)
                    wanted = other.floats("input")
                    made: Floats | None = None
                    if clues.located.place is Place.INPUT:
                        made = x
                    elif side.index is not None:
                        wanted, made = other.output, returned(side.layer, x, side.tensors)
                    else:
                        continue
                    if made is not None and wanted is not None:
                        yield Tried(change, made, wanted)

    return find


def _factor(clues: Clues) -> Iterator[Tried]:
    """Yield the batch times the factor that what a linear layer returns tells."""
    for side, other in clues.turns():
        x = side.floats("input")
        if side.index is None or x is None or side.output is None or other.output is None:
            continue
        if clues.located.place is not Place.OUTPUT:
            continue
        start = returned(side.layer, np.zeros_like(x), side.tensors)
        if start is None or start.shape != side.output.shape or start.shape != other.output.shape:
            continue
        factor = ratio(side.output - start, other.output - start)
        made = None if factor is None else returned(side.layer, x * factor, side.tensors)
        if made is not None:
            change = english(_MULTIPLIED, side=side.name, factor=f"{factor:.6g}")
            yield Tried(change, made, other.output)


def _scale(clues: Clues) -> Iterator[Tried]:
    yield from _of_input(_MULTIPLIED, _MOVED)(clues)
    yield from _factor(clues)


def _softmax_twice(clues: Clues) -> Iterator[Tried]:
    for side, other in clues.turns():
        logits = other.floats("logits")
        if side.output is None or other.output is None or logits is None:
            continue
        if clues.located.place is not Place.OUTPUT:
            continue
        if np.array_equal(other.output, logits):
            change = english(_SOFTMAX, side=side.name, other=other.name)
            yield Tried(change, softmax(side.output), other.output)


def _losses(side: Side) -> tuple[Floats, Floats, Floats] | None:
    """Return logits, labels and the loss, at the loss."""
    logits, labels, loss = (side.floats(name) for name in ("logits", "labels", "loss"))
    return None if logits is None or labels is None or loss is None else (logits, labels, loss)


def _cross_entropy(logits: Floats, labels: Floats) -> Floats | None:
    """Return the mean loss [1] of classes; None: they are no classes."""
    whole = labels.ravel().astype(int)
    if logits.ndim != 2 or len(whole) != len(logits) or not np.array_equal(whole, labels.ravel()):
        return None
    if whole.min() < 0 or whole.max() >= logits.shape[1]:
        return None
    chances = softmax(logits)[np.arange(len(whole)), whole]
    return np.array([-np.log(chances).mean()])


def _order(clues: Clues) -> Iterator[Tried]:
    """Yield the logits with their columns in the order of the other side's."""
    for side, other in clues.turns():
        own, wanted, logits = side.output, other.output, other.floats("logits")
        if clues.located.place is not Place.OUTPUT or own is None or wanted is None:
            continue
        if logits is None or own.ndim != 2 or own.shape != wanted.shape or gap(wanted, logits):
            continue
        apart = np.abs(own[:, :, None] - wanted[:, None, :]).max(axis=0)
        order = apart.argmin(axis=0)
        if len({*order.tolist()}) == len(order):
            text = ", ".join(map(str, order))
            yield Tried(english(_ORDER, side=side.name, order=text), own[:, order], wanted)


def _of_classes(clues: Clues) -> Iterator[Tried]:
    yield from _order(clues)
    yield from _labels(clues)


def _labels(clues: Clues) -> Iterator[Tried]:
    """Yield the loss of other labels."""
    for side, other in clues.turns():
        found, theirs = _losses(side), _losses(other)
        if clues.located.place is not Place.LOSS or found is None or theirs is None:
            continue
        logits, labels, _ = found
        last = logits.shape[-1] - 1
        moved = [(english(_SHIFTED, number=n), (labels + n) % (last + 1)) for n in (1, -1)]
        for change, values in [*moved, (english(_REVERSED), last - labels)]:
            made = _cross_entropy(logits, values)
            if made is not None:
                yield Tried(english(_LABELS, side=side.name, change=change), made, theirs[2])


def _reduction(clues: Clues) -> Iterator[Tried]:
    """Yield the loss times the size of the batch, the number of outputs, or both."""
    for side, other in clues.turns():
        found, theirs = _losses(side), _losses(other)
        if clues.located.place is not Place.LOSS or found is None or theirs is None:
            continue
        logits, _, loss = found
        count, width = len(logits), logits[0].size
        yield Tried(
            english(_SUMMED, side=side.name, factor=count, count=count), loss * count, theirs[2]
        )
        for factor in dict.fromkeys([width, count * width, 2]):
            yield Tried(english(_TIMES, side=side.name, factor=factor), loss * factor, theirs[2])


def _broadcast(clues: Clues) -> Iterator[Tried]:
    """Yield the mean square and absolute differences of every output and every target."""
    for side, other in clues.turns():
        found, theirs = _losses(side), _losses(other)
        if clues.located.place is not Place.LOSS or found is None or theirs is None:
            continue
        logits, labels, _ = found
        if logits.size == labels.size == len(logits):
            apart = logits.reshape(-1, 1) - labels.reshape(1, -1)
            change = english(_BROADCAST, side=side.name)
            for made in (np.square(apart).mean(), np.abs(apart).mean()):
                yield Tried(change, np.array([made]), theirs[2])


CAUSES = (
    Cause("input_scale", Phrase("the scale of the input"), _scale),
    Cause("channel_order", Phrase("the order of the channels"), _of_input(_CHANNELS)),
    Cause("image_axes", Phrase("the rows and columns of images"), _of_input(_AXES)),
    Cause("softmax_twice", Phrase("a softmax too many"), _softmax_twice),
    Cause("label_order", Phrase("the order of the labels"), _of_classes),
    Cause("loss_reduction", Phrase("a sum in place of a mean"), _reduction),
    Cause("target_shape", Phrase("[n, 1] against [n]"), _broadcast),
)
