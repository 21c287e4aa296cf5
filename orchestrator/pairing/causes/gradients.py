"""What goes back otherwise: penalties in the loss, gradients that are cut, clipped or scaled."""

from collections.abc import Iterator

import numpy as np

from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import COMMA
from orchestrator.pairing.causes.clues import Clues, Side, Tried, ratio
from orchestrator.pairing.formulas.activations import Floats
from orchestrator.pairing.locate import Place, gradient_norm
from orchestrator.pairing.measure import solved
from orchestrator.pairing.result import PairedTensor

_PENALTY = Phrase("{side}'s loss had what {other} adds to it: {penalties}")
_SQUARES = Phrase("{factor} times the squares of `{name}` (there `{theirs}`)")
_CUT = Phrase("{side} let the gradient of its use in `{path}` reach `{name}`, as {other} does")
_SCALED = Phrase("{side} scaled the gradient of `{name}` to a norm of {value}")
_CLIPPED = Phrase("{side} clipped each value of the gradient of `{name}` to {value}")
_SMALLEST = 1e-9  # of the whole gradient: a smaller difference is rounding
_EXACT = 1e-9


def _gradients(clues: Clues, side: Side, pair: PairedTensor) -> tuple[Floats, Floats] | None:
    """Return the side's gradient and the other's."""
    key, theirs = pair.keys[side.number], pair.keys[1 - side.number]
    own = side.floats(f"gradient/{key}")
    other = clues.other(side).floats(f"gradient/{theirs}")
    return None if own is None or other is None or own.shape != other.shape else (own, other)


def penalty(clues: Clues) -> Iterator[Tried]:
    """Yield the loss with penalties on weights, as the gradients tell them."""
    for side in clues.sides if clues.located.place is Place.LOSS else ():
        loss, wanted = side.floats("loss"), clues.other(side).floats("loss")
        if loss is None or wanted is None:
            continue
        made, texts = loss, []
        for pair in clues.pairing.once:
            found = _gradients(clues, side, pair)
            weights = side.floats(f"initial/{pair.keys[side.number]}")
            if found is None or weights is None:
                continue
            apart = found[1] - found[0]
            factor = ratio(weights, apart)
            if np.abs(apart).max(initial=0) < _SMALLEST * gradient_norm(side.arrays):
                continue
            if factor is None or factor < 0 or not np.allclose(weights * factor, apart, 1e-6):
                break
            made = made + factor / 2 * np.square(weights).sum()
            keys = pair.keys_alone[:: 1 - 2 * side.number]
            words = {"name": keys[0], "theirs": keys[1]}
            texts.append(english(_SQUARES, factor=f"{factor / 2:.6g}", **words))
        else:
            if texts:
                words = {"side": side.name, "other": clues.other(side).name}
                yield Tried(english(_PENALTY, **words, penalties=join(COMMA, texts)), made, wanted)


def _at_tensor(clues: Clues) -> Iterator[tuple[Side, PairedTensor, Floats, Floats]]:
    tensor = clues.located.tensor
    for side in clues.sides if clues.located.place is Place.GRADIENT else ():
        found = None if tensor is None else _gradients(clues, side, tensor)
        if tensor is not None and found is not None:
            yield side, tensor, *found


def cut(clues: Clues) -> Iterator[Tried]:
    """Yield the gradient with what the last product, of the same array, sends to it.

    That is the product's slope times what went into it, which the logits and the array tell.
    """
    for side, tensor, own, wanted in _at_tensor(clues):
        values = side.floats(f"initial/{tensor.keys[side.number]}")
        for holder in clues.sides:
            logits, last = holder.floats("logits"), len(holder.model.layers) - 1
            slope, output = holder.floats(f"slope/{last}"), holder.floats(f"output/{last}")
            if logits is None or slope is None or output is None or values is None:
                continue
            if not np.array_equal(output, logits) or {slope.ndim, own.ndim} != {2}:
                continue
            if slope.shape[-1] not in own.shape:
                continue
            turned = slope.shape[-1] == own.shape[0]
            table, apart = (each if turned else each.T for each in (values, wanted - own))
            given = solved(slope.T, apart)
            if np.allclose(given @ table.T, logits, _EXACT, _EXACT):
                more = slope.T @ given
                path = holder.model.layers[last].path
                words = {"side": side.name, "other": clues.other(side).name, "path": path}
                change = english(_CUT, **words, name=tensor.keys_alone[side.number])
                yield Tried(change, own + (more if turned else more.T), wanted)


def clipped(clues: Clues) -> Iterator[Tried]:
    for side, tensor, own, wanted in _at_tensor(clues):
        limit = float(np.abs(wanted).max(initial=0))
        if 0 < limit < np.abs(own).max(initial=0):
            name = tensor.keys_alone[side.number]
            change = english(_CLIPPED, side=side.name, name=name, value=f"{limit:.3g}")
            yield Tried(change, np.clip(own, -limit, limit), wanted)


def scaled(clues: Clues) -> Iterator[Tried]:
    for side, tensor, own, wanted in _at_tensor(clues):
        factor = ratio(own, wanted)
        if factor is not None and 0 < factor < 1:
            norm = float(np.linalg.norm(own)) * factor
            name = tensor.keys_alone[side.number]
            change = english(_SCALED, side=side.name, name=name, value=f"{norm:.3g}")
            yield Tried(change, own * factor, wanted)
