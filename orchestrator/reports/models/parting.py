"""Where and why two models part -> sentences."""

from collections.abc import Iterator, Sequence
from typing import assert_never

import numpy as np

from orchestrator.language.phrases import Phrase, Sentence, clause, english, join
from orchestrator.language.words import COMMA, label
from orchestrator.pairing.causes.catalog import CAUSES, Proof, Why
from orchestrator.pairing.isolate import Alone
from orchestrator.pairing.locate import Located, Place
from orchestrator.pairing.result import Pairing

_NOWHERE = Phrase(
    "On one batch nothing differs: the outputs of all {count} layers, the loss, every gradient and"
    " every update agree to {tolerance}."
)
_INPUT = Phrase("The batch itself differs: by {gap} of its largest value.")
_FIRST_OF_ALL = Phrase(
    "{one}'s `{path}` and {other}'s `{theirs}` return different values: {gap} of the largest. They"
    " are the first layers that are compared."
)
_OUTPUT = Phrase(
    "{one}'s `{path}` and {other}'s `{theirs}` are the first layers whose outputs differ: by {gap}"
    " of the largest value. Layers before them that are the same: {count}, the last of them {last}."
)
_SHAPES = Phrase("They return different shapes: {shape} and {found}.")
_LOGITS = Phrase(
    "All {count} layers that are compared are the same, and the logits differ: by {gap} of the"
    " largest. What comes after {one}'s `{path}` and {other}'s `{theirs}` is not the same."
)
_BARE = Phrase("No layer is compared, and the logits differ: by {gap} of the largest.")
_LOSS = Phrase("The logits are the same, and the loss of the batch differs: by {gap} of it.")
_SLOPE = Phrase(
    "All outputs and the loss are the same. The gradient for what {one}'s `{path}` and {other}'s"
    " `{theirs}` return differs, by {gap} of the largest: what comes after them sends back another"
    " one."
)
_GRADIENT = Phrase(
    "All outputs and the loss are the same. The gradient of `{path}` differs from that of"
    " `{theirs}`: by {gap} of the whole step's."
)
_UPDATE = Phrase(
    "All outputs and gradients are the same. The step moves {one}'s `{path}` otherwise than"
    " {other}'s `{theirs}`: by {gap} of the larger move."
)
_ALONE = Phrase("Just before, {side} has {layers}, and {other} has no layer of the kind.")
_SETTINGS = Phrase("Their settings differ: {settings}.")
_SETTING = Phrase("{name} is {value} in {one} and {found} in {other}")
# Kinds of layers that some write as functions: they move values, and are no fault by themselves.
_MOVING = {
    *("", "add", "subtract", "multiply", "average", "concatenate"),
    *("reshape", "permute", "flatten", "identity", "linear"),
}
_CAUSE = Phrase("The cause: {name}. If {change}, the two would agree to {after}.")
_OR = Phrase("It may also be {name}: if {change}, the two would agree to {after}.")
_SHOWN = Phrase("The cause: {name}. {reason}")
_GUESSED = Phrase("It may be {name}, which cannot be tried here. {reason}")
_NO_CAUSE = Phrase("None of the {count} causes that are known explains it.")
_EACH = Phrase("If each layer is given what {one}'s layers return, these differ by themselves:")
_NONE_ALONE = Phrase("If each layer is given what {one}'s layers return, none differs by itself.")
_ONE = Phrase("({number}) {one}'s `{path}` and {other}'s `{theirs}`: by {gap}.")
_FIRST_AGAIN = Phrase("({number}) {one}'s `{path}` and {other}'s `{theirs}`, as said.")
_END = Phrase("({number}) What follows the last layer that is compared: the logits, by {gap}.")
_UNTOLD = Phrase(
    "Of layers whose inputs have other shapes on each side, it cannot be told: {layers}."
)


def sentences(pairing: Pairing, located: Located, whys: Sequence[Why]) -> Iterator[Sentence]:
    """Yield where they part, what stands there, and why; the first sentence stands alone."""
    yield where(pairing, located)
    if located.place is Place.NOWHERE:
        return
    yield from _there(pairing, located)
    yield from why(whys)


def each(pairing: Pairing, located: Located, alone: Alone) -> Iterator[Sentence]:
    """Yield what differs by itself, one after another, beside what was said of ``located``."""
    one, other = map(label, pairing.frameworks)
    if alone.found:
        yield english(_EACH, one=one)
    else:
        yield english(_NONE_ALONE, one=one)
    for number, (found, whys) in enumerate(alone.found, start=1):
        names = {"number": number, "one": one, "other": other, "gap": _gap(found.gap)}
        if found.layer is None:
            yield english(_END, **names)
        else:
            again = found.layer == located.layer
            yield english(_FIRST_AGAIN if again else _ONE, **names, **_paths(pairing, found))
            if again:
                continue
        yield from _there(pairing, found)
        yield from why(whys)
    if alone.untold:
        layers = [f"`{pairing.first.layers[pair.first].path}`" for pair in alone.untold]
        yield english(_UNTOLD, layers=join(COMMA, layers))


def where(pairing: Pairing, located: Located) -> Sentence:
    """Say what differs first, by how much, and what is the same before it."""
    one, other = map(label, pairing.frameworks)
    gap, count = _gap(located.gap), len(located.same)
    sides = {"one": one, "other": other, **_paths(pairing, located)}
    match located.place:
        case Place.NOWHERE:
            return english(_NOWHERE, count=count, tolerance=f"{located.tolerance:.0e}")
        case Place.INPUT:
            return english(_INPUT, gap=gap)
        case Place.OUTPUT if located.layer is None:
            bare = english(_BARE, gap=gap)
            return english(_LOGITS, count=count, gap=gap, **sides) if located.same else bare
        case Place.OUTPUT if located.same:
            last = f"`{pairing.first.layers[located.same[-1].first].path}`"
            return english(_OUTPUT, gap=gap, count=count, last=last, **sides)
        case Place.OUTPUT:
            return english(_FIRST_OF_ALL, gap=gap, **sides)
        case Place.LOSS:
            return english(_LOSS, gap=gap)
        case Place.SLOPE:
            return english(_SLOPE, gap=gap, **sides)
        case Place.GRADIENT:
            return english(_GRADIENT, gap=gap, **sides)
        case Place.UPDATE:
            return english(_UPDATE, gap=gap, **sides)
        case _:
            assert_never(located.place)


def why(whys: Sequence[Why]) -> Iterator[Sentence]:
    """Yield the causes that fit, the first as the cause; or that none does."""
    for number, each in enumerate(whys):
        name = english(each.name)
        match each.proof:
            case Proof.TRIED:
                phrase = _OR if number else _CAUSE
                yield english(phrase, name=name, change=clause(each.change), after=_gap(each.after))
            case Proof.SHOWN:
                yield english(_SHOWN, name=name, reason=each.change)
            case Proof.GUESSED:
                yield english(_GUESSED, name=name, reason=each.change)
            case _:
                assert_never(each.proof)
    if not whys:
        yield english(_NO_CAUSE, count=len(CAUSES))


def _there(pairing: Pairing, located: Located) -> Iterator[Sentence]:
    """Yield what else differs at the place, without any arithmetic."""
    names = [label(framework) for framework in pairing.frameworks]
    for side, model in enumerate((pairing.first, pairing.second)):
        own = [model.layers[index] for index in located.alone[side]]
        layers = [layer for layer in own if layer.kind not in _MOVING]
        if layers:
            texts = [f"`{layer.path}` ({layer.kind or layer.type})" for layer in layers]
            yield english(
                _ALONE, side=names[side], layers=join(COMMA, texts), other=names[1 - side]
            )
    if located.place is not Place.OUTPUT or located.layer is None:
        return
    one = pairing.first.layers[located.layer.first]
    other = pairing.second.layers[located.layer.second]
    if one.output_shape != other.output_shape:
        yield english(_SHAPES, shape=one.output_shape, found=other.output_shape)
    found = [
        english(
            _SETTING,
            name=name,
            value=one.settings[name],
            one=names[0],
            found=other.settings[name],
            other=names[1],
        )
        for name in sorted({*one.settings} & {*other.settings})
        if one.settings[name] != other.settings[name]
    ]
    if found:
        yield english(_SETTINGS, settings=join(COMMA, found))


def _paths(pairing: Pairing, located: Located) -> dict[str, str]:
    """Return what both sides call the layer or the tensor; all layers that are one there."""
    if located.tensor is not None:
        return {"path": located.tensor.first.key, "theirs": located.tensor.second.key}
    one, other = (" + ".join(paths) for paths in at(pairing, located))
    return {"path": one, "theirs": other}


def at(pairing: Pairing, located: Located) -> tuple[list[str], list[str]]:
    """Return each side's layers at the place; if the logits differ alone, the last ones before."""
    pair = located.layer
    if pair is None and located.place is Place.OUTPUT and located.same:
        pair = located.same[-1]
    if pair is None:
        return [], []
    models = pairing.first, pairing.second
    one, other = (
        [*dict.fromkeys(model.layers[index].path for index in pairing.calls(pair, side))]
        for side, model in enumerate(models)
    )
    return one, other


def _gap(gap: float) -> str:
    return f"{gap:.1e}" if np.isfinite(gap) else str(gap)
