"""What the loss makes of what comes out, and what comes out otherwise."""

from collections.abc import Iterator

import numpy as np

from orchestrator.language.phrases import Phrase, english
from orchestrator.pairing.causes.clues import Cause, Clues, Side, Tried
from orchestrator.pairing.formulas.activations import ACTIVATIONS, Floats, softmax
from orchestrator.pairing.locate import Place
from orchestrator.pairing.measure import gap

_SOFTMAX = Phrase("{side} took the {name} of its output, as {other} does")
_ORDER = Phrase("{side}'s outputs were in the order {order}")
_LABELS = Phrase("{side}'s labels were {change}")
_SHIFTED = Phrase("moved by {number}")
_REVERSED = Phrase("counted from the last class")
_SUMMED = Phrase("{side}'s loss were {factor} times as large: the sum over a batch of {count}")
_TIMES = Phrase("{side}'s loss were {factor} times as large")
_BROADCAST = Phrase("{side} subtracted targets [n] from outputs [n, 1], which gives [n, n]")


def _softmax_twice(clues: Clues) -> Iterator[Tried]:
    for side, other in clues.turns():
        logits = other.floats("logits")
        if side.output is None or other.output is None or logits is None:
            continue
        if clues.located.place is not Place.OUTPUT:
            continue
        if np.array_equal(other.output, logits):
            for name in ("softmax", "sigmoid", "log_softmax"):
                change = english(_SOFTMAX, side=side.name, other=other.name, name=name)
                yield Tried(change, ACTIVATIONS[name](side.output), other.output)


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
    Cause(
        "softmax_twice",
        Phrase("a softmax or sigmoid too many: the loss has its own"),
        _softmax_twice,
    ),
    Cause("label_order", Phrase("the order of the labels"), _of_classes),
    Cause("loss_reduction", Phrase("a sum in place of a mean"), _reduction),
    Cause("column_target", Phrase("[n, 1] against [n]"), _broadcast),
)
