"""Layers just before the place that one side has alone."""

from collections.abc import Callable, Iterator

import numpy as np

from orchestrator.language.phrases import Phrase, english
from orchestrator.pairing.causes.clues import Clues, Side, Tried
from orchestrator.pairing.formulas.activations import Floats
from orchestrator.pairing.locate import Place

_FIRST = Phrase("{side} had {other}'s `{path}` before `{next}`")
_LAYER = Phrase("{side} had {other}'s `{path}` after `{previous}`")


def before(clues: Clues) -> Iterator[tuple[Side, int, Floats]]:
    """Yield layers just before the place that one side has alone, and what they got."""
    for side in clues.sides if clues.located.place is Place.OUTPUT else ():
        for index in clues.located.alone[side.number]:
            found = side.floats(f"output/{index}")
            if found is None:
                continue
            names = [f"output/{number}" for number in reversed(range(index))]
            for x in map(side.floats, [*names, "input"]):
                made = None if x is None else side.of(index, x)
                if x is None or made is None or made.shape != found.shape:
                    continue
                if np.allclose(made, found):
                    yield side, index, x
                    break


def then(side: Side, x: Floats) -> Floats | None:
    """Return what the place makes of ``x``: the logits are that themselves."""
    return x if side.index is None else side.returned(x)


def inserted(fits: Callable[[str], bool]) -> Callable[[Clues], Iterator[Tried]]:
    """Return what gives a side what the other side alone has, of the kinds that fit."""

    def find(clues: Clues) -> Iterator[Tried]:
        known = {(side.number, index) for side, index, _ in before(clues)}
        for side in clues.sides if clues.located.place is Place.OUTPUT else ():
            other = clues.other(side)
            for index in clues.located.alone[other.number]:
                alone, given = other.model.layers[index], other.floats(f"output/{index}")
                reached = (other.number, index) in known or alone.kind == "dropout"
                if not (fits(alone.kind) and reached) or given is None or other.output is None:
                    continue
                made = then(side, given)
                if made is not None:
                    words = {"side": side.name, "other": other.name, "path": alone.path}
                    following = "logits" if side.index is None else side.layer.path
                    change = english(_FIRST, **words, next=following)
                    if clues.located.same:
                        last = clues.located.same[-1]
                        place = (last.first, last.second)[side.number]
                        change = english(_LAYER, **words, previous=side.model.layers[place].path)
                    yield Tried(change, made, other.output)

    return find
