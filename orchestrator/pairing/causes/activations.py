"""Activations, and whole layers, that are others on one side, or missing."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from orchestrator.language.phrases import Phrase, english
from orchestrator.pairing.causes import by_hand
from orchestrator.pairing.causes.alone import before, inserted, then
from orchestrator.pairing.causes.clues import Cause, Clues, Side, Tried
from orchestrator.pairing.causes.layers import KIND, Find, any_of, at_layer, changed, setting
from orchestrator.pairing.formulas.activations import ACTIVATIONS
from orchestrator.pairing.formulas.layers import returned
from orchestrator.pairing.locate import Place
from orchestrator.pairing.units import ACTIVATIONS as KINDS

_ACTIVATION = Phrase("{side}'s `{path}` were followed by {kind}")

_GELUS = ("gelu", "gelu_tanh")
_NONE = {"identity", "linear"}


def _other(*names: str, fits: Callable[[str, str], bool] = lambda *_: True) -> Find:
    """Return what tries ``names`` in place of the activation, in the layer or of the layer."""

    def find(clues: Clues, side: Side, _: Side) -> Iterator[Tried]:
        told = side.layer.settings.get("activation", "linear")
        own = side.layer.kind if side.layer.kind in KINDS else told
        own = told if own == "gelu" and told in _GELUS else own
        for name in (each for each in names if fits(own, each)):
            change = english(KIND, side=side.name, path=side.layer.path, kind=name)
            if side.layer.kind not in KINDS:
                if "linear" not in {told, name}:
                    yield from changed(clues, side, change, activation=name)
            elif own != name and not {own, name} & _NONE:
                layer = replace(side.layer, kind=name, settings={})
                yield from clues.tried(side, change, layer)

    return any_of(at_layer(("",), find), _alone(*names, fits=fits))


def _alone(*names: str, fits: Callable[[str, str], bool]) -> Find:
    """Return what tries ``names`` in place of activations just before, which one side has alone."""

    def find(clues: Clues) -> Iterator[Tried]:
        for side, index, x in before(clues):
            alone, wanted = side.model.layers[index], clues.other(side).output
            for name in names if alone.kind in KINDS else ():
                if not fits(alone.kind, name):
                    continue
                made = then(side, ACTIVATIONS[name](x))
                if (
                    made is None
                    or wanted is None
                    or alone.kind == name
                    or {alone.kind, name} & _NONE
                ):
                    continue
                change = english(KIND, side=side.name, path=alone.path, kind=name)
                yield Tried(change, made, wanted)

    return find


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
        any_of(_other(*_GELUS, fits=_is_gelu), by_hand.ACTIVATION.other("activation", _is_gelu)),
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
