"""Activations, and whole layers, that are others on one side, or missing."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from orchestrator.language.phrases import Phrase, english
from orchestrator.pairing.causes import by_hand
from orchestrator.pairing.causes.clues import Cause, Clues, Side, Tried
from orchestrator.pairing.causes.layers import KIND, Find, any_of, at_layer, changed, setting
from orchestrator.pairing.formulas.activations import ACTIVATIONS, Floats
from orchestrator.pairing.formulas.layers import returned
from orchestrator.pairing.locate import Place
from orchestrator.pairing.units import ACTIVATIONS as KINDS

_ACTIVATION = Phrase("{side}'s `{path}` were followed by {kind}")
_FIRST = Phrase("{side} had {other}'s `{path}` before `{next}`")
_LAYER = Phrase("{side} had {other}'s `{path}` after `{previous}`")

_GELUS = ("gelu", "gelu_tanh")
_NONE = {"identity", "linear"}


def _other(*names: str) -> Find:
    """Return what tries ``names`` in place of the activation, in the layer or of the layer."""

    def find(clues: Clues, side: Side, _: Side) -> Iterator[Tried]:
        for name in names:
            change = english(KIND, side=side.name, path=side.layer.path, kind=name)
            if side.layer.kind not in KINDS:
                if "linear" not in {side.layer.settings.get("activation", "linear"), name}:
                    yield from changed(clues, side, change, activation=name)
            elif side.layer.kind != name and not {side.layer.kind, name} & _NONE:
                layer = replace(side.layer, kind=name, settings={})
                yield from clues.tried(side, change, layer)

    return any_of(at_layer(("",), find), _alone(*names))


def _alone(*names: str) -> Find:
    """Return what tries ``names`` in place of activations just before, which one side has alone."""

    def find(clues: Clues) -> Iterator[Tried]:
        for side, index, x in _before(clues):
            alone, wanted = side.model.layers[index], clues.other(side).output
            for name in names if alone.kind in KINDS else ():
                made = _then(side, ACTIVATIONS[name](x))
                if made is None or wanted is None or alone.kind == name or {alone.kind, name} & _NONE:
                    continue
                change = english(KIND, side=side.name, path=alone.path, kind=name)
                yield Tried(change, made, wanted)

    return find


def _before(clues: Clues) -> Iterator[tuple[Side, int, Floats]]:
    """Yield layers just before the place that one side has alone, and what they got."""
    for side in clues.sides if clues.located.place is Place.OUTPUT else ():
        for index in clues.located.alone[side.number]:
            found = side.floats(f"output/{index}")
            names = [f"output/{number}" for number in reversed(range(index))]
            for x in map(side.floats, [*names, "input"]) if found is not None else ():
                made = None if x is None else side.of(index, x)
                if made is not None and made.shape == found.shape and np.allclose(made, found):
                    yield side, index, x
                    break


def _then(side: Side, x: Floats) -> Floats | None:
    """Return what the place makes of ``x``: the logits are that themselves."""
    return x if side.index is None else side.returned(x)


def _missing(clues: Clues) -> Iterator[Tried]:
    """Yield what is missing after a side's layer, or before it."""
    for side in clues.sides if clues.located.place is Place.OUTPUT else ():
        other = clues.other(side)
        if side.index is not None and side.output is not None and other.output is not None:
            for kind, function in ACTIVATIONS.items():
                if kind != "linear":
                    change = english(_ACTIVATION, side=side.name, path=side.layer.path, kind=kind)
                    yield Tried(change, function(side.output), other.output)
            made = returned(other.layer, side.output, {}) if other.layer.kind in KINDS else None
            if made is not None:
                words = {"side": side.name, "path": side.layer.path, "kind": other.layer.kind}
                yield Tried(english(_ACTIVATION, **words), made, other.output)
    yield from inserted(lambda kind: kind != "pad")(clues)


def inserted(fits: Callable[[str], bool]) -> Find:
    """Return what gives a side what the other side alone has, of the kinds that fit."""

    def find(clues: Clues) -> Iterator[Tried]:
        known = {(side.number, index) for side, index, _ in _before(clues)}
        for side in clues.sides if clues.located.place is Place.OUTPUT else ():
            other = clues.other(side)
            for index in clues.located.alone[other.number]:
                alone, given = other.model.layers[index], other.floats(f"output/{index}")
                reached = (other.number, index) in known or alone.kind == "dropout"
                if not (fits(alone.kind) and reached) or given is None or other.output is None:
                    continue
                made = _then(side, given)
                if made is not None:
                    words = {"side": side.name, "other": other.name, "path": alone.path}
                    following = "logits" if side.index is None else side.layer.path
                    change = english(_FIRST, **words, next=following)
                    if clues.located.same:
                        last = clues.located.same[-1]
                        index = (last.first, last.second)[side.number]
                        change = english(
                            _LAYER, **words, previous=side.model.layers[index].path
                        )
                    yield Tried(change, made, other.output)

    return find


def _is_gelu(one: str, other: str) -> bool:
    return {one, other} <= {*_GELUS}


def _is_missing(one: str, other: str) -> bool:
    return "linear" in {one, other}


def _is_other(one: str, other: str) -> bool:
    return not (_is_gelu(one, other) or _is_missing(one, other))


CAUSES = (
    Cause(
        "gelu_form",
        Phrase("the form of gelu"),
        any_of(_other(*_GELUS), by_hand.ACTIVATION.other("activation", _is_gelu)),
    ),
    Cause(
        "negative_slope",
        Phrase("the slope of the activation below 0"),
        setting("negative_slope", ("leaky_relu",), "0.01", "0.2", "0.3"),
    ),
    Cause("alpha", Phrase("the alpha of the activation"), setting("alpha", ("elu",))),
    Cause(
        "other_activation",
        Phrase("another activation"),
        any_of(
            _other(*ACTIVATIONS),
            by_hand.HIGHWAY.other("activation"),
            by_hand.ACTIVATION.other("activation", _is_other),
        ),
        general=True,
    ),
    Cause(
        "missing_activation",
        Phrase("an activation or a layer that is missing"),
        any_of(_missing, by_hand.ACTIVATION.other("activation", _is_missing)),
        general=True,
    ),
)
