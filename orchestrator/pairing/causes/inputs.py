"""What goes into the model otherwise: its scale, its channels, its rows and columns."""

from collections.abc import Callable, Iterator

import numpy as np

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.pairing.causes.clues import Cause, Clues, Side, Tried
from orchestrator.pairing.formulas.activations import Floats
from orchestrator.pairing.locate import Place
from orchestrator.pairing.measure import solved, turned_gap

_TOOK = Phrase("{side} took its input {how}")
_AS_IT_IS = Phrase("{side} took its input as it is, not {how}")
_MULTIPLIED = Phrase("multiplied by {factor}")
_AFFINE = Phrase("multiplied by {factor} and moved by {number}")
_MOVED = Phrase("moved from 0 to 1 to -1 to 1")
_CHANNELS = Phrase("with its channels in reverse")
_AXES = Phrase("with its rows and columns swapped")

_USUAL = (255.0, 127.5, 256.0, 100.0, 10.0, 2.0)  # what people divide by, or multiply with
_MOST_CHANNELS = 4  # of which each may have a scale of its own
_LINEAR = ("dense", "conv", "depthwise_conv")

Changed = Iterator[tuple[Sentence, Floats]]
Change = Callable[[Floats], Changed]  # of a batch: what it may be otherwise


def _scales(x: Floats) -> Changed:
    for usual in _USUAL:
        for factor in (usual, 1 / usual):
            yield english(_MULTIPLIED, factor=f"{factor:.6g}"), x * factor
    yield english(_MOVED), 2 * x - 1


def _channels(x: Floats) -> Changed:
    if x.ndim > 2:
        yield english(_CHANNELS), x[..., ::-1]


def _axes(x: Floats) -> Changed:
    if x.ndim > 3 and x.shape[1] == x.shape[2]:
        yield english(_AXES), np.swapaxes(x, 1, 2)


def _find(change: Change, *, linear: bool = False) -> Callable[[Clues], Iterator[Tried]]:
    """Return what changes the batch that one side takes, and undoes what it does with it."""

    def find(clues: Clues) -> Iterator[Tried]:
        for side in clues.views():
            x, wanted = side.floats("input"), clues.other(side).floats("input")
            if x is None or wanted is None:
                continue
            if clues.located.place is Place.INPUT:
                for how, made in change(x):
                    yield Tried(english(_TOOK, side=side.name, how=how), made, wanted)
            elif clues.located.place is Place.OUTPUT and side.index is not None:
                yield from _at_layer(clues, side, x, change, linear=linear)

    return find


def _at_layer(
    clues: Clues, side: Side, x: Floats, change: Change, *, linear: bool
) -> Iterator[Tried]:
    """Yield what a layer makes of the batch: if that is what one side's returned, of a changed one.

    Either this side takes it as it is, and the other does not, or the reverse.
    """
    if change is _axes and side.layer.kind == "flatten":
        return  # the order in which an image is flattened says more
    plain, own, theirs = side.returned(x), side.output, clues.other(side).output
    if plain is None or own is None or theirs is None:
        return
    for as_it_is, wanted, phrase in ((own, theirs, _TOOK), (theirs, own, _AS_IT_IS)):
        if turned_gap(plain, as_it_is) > clues.rounding:
            continue
        found = [*change(x), *(_affine(side, x, wanted) if linear else ())]
        for how, changed in found:
            made = side.returned(changed)
            if made is not None:
                yield Tried(english(phrase, side=side.name, how=how), made, wanted)


def _affine(side: Side, x: Floats, wanted: Floats) -> Changed:
    """Yield the batch scaled and moved, each channel by itself, as what is returned tells."""
    start = side.returned(np.zeros_like(x))
    if start is None or not side.layer.kind.startswith(_LINEAR) or start.shape != wanted.shape:
        return
    if side.rest or side.layer.settings.get("activation", "linear") != "linear":
        return
    count = x.shape[-1] if x.ndim > 2 and x.shape[-1] <= _MOST_CHANNELS else 1
    one = np.eye(count) if count > 1 else np.ones((1, x.shape[-1]))
    for parts in ((x,), (x, np.ones_like(x))):
        made = [side.returned(part * each) for part in parts for each in one]
        columns = np.stack([(m - start).ravel() for m in made if m is not None], axis=1)
        found = solved(columns, (wanted - start).ravel())
        factors = found[:count]
        moves = found[count:] if len(parts) > 1 else np.zeros(count)
        whole = {"factor": _text(factors), "number": _text(moves)}
        how = english(_AFFINE if len(parts) > 1 else _MULTIPLIED, **whole)
        yield how, x * (factors @ one) + moves @ one


def _text(values: Floats) -> str:
    texts = [f"{value:.6g}" for value in values]
    return texts[0] if len({*texts}) == 1 else ", ".join(texts)


CAUSES = (
    Cause("input_scale", Phrase("the scale of the input"), _find(_scales, linear=True)),
    Cause("channel_order", Phrase("the order of the channels"), _find(_channels)),
    Cause("image_axes", Phrase("the rows and columns of images"), _find(_axes)),
)
