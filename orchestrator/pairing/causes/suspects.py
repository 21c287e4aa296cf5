"""What may explain a difference, though it cannot be tried: what one side alone has, or says."""

from collections.abc import Iterator

import numpy as np

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label
from orchestrator.pairing.causes.catalog import CAUSES, Proof, Why
from orchestrator.pairing.causes.clues import Clues, clues
from orchestrator.pairing.locate import Located, Place
from orchestrator.pairing.result import Arrays, Pairing
from orchestrator.pairing.units import ACTIVATIONS

_SETTING = Phrase("{name} is {value} in {one}'s `{path}` and {found} in {other}'s `{theirs}`.")
_ALONE = Phrase("{side} has `{path}` ({kind}) after `{own}`, and {other} none after `{theirs}`.")

# Settings of a layer, and the cause that each is.
_SETTINGS = {
    "causal": "attention_mask",
    "keys_hidden": "attention_mask",
    "scale": "head_scaling",
    "padding": "padding_side",
    "stride": "stride",
    "dilation": "dilation",
    "corners": "interpolation_corners",
    "interpolation": "interpolation",
    "axis": "norm_axis",
}


def suspected(pairing: Pairing, located: Located, first: Arrays, second: Arrays) -> tuple[Why, ...]:
    """Return what may be the cause, each once; to be asked only where none is found."""
    names = {cause.key: cause.name for cause in CAUSES}
    found: dict[str, Sentence] = {}
    if located.place is Place.OUTPUT:
        for key, reason in (
            *_settings(pairing, located),
            *_alone(clues(pairing, located, first, second)),
        ):
            found.setdefault(key, reason)
    return tuple(Why(key, names[key], reason, proof=Proof.GUESSED) for key, reason in found.items())


def _settings(pairing: Pairing, located: Located) -> Iterator[tuple[str, Sentence]]:
    if located.layer is None:
        return
    one = pairing.first.layers[located.layer.first]
    two = pairing.second.layers[located.layer.second]
    names = [label(name) for name in pairing.frameworks]
    for name, key in _SETTINGS.items():
        values = one.settings.get(name), two.settings.get(name)
        if None not in values and values[0] != values[1]:
            yield (
                key,
                english(
                    _SETTING,
                    name=name,
                    value=values[0],
                    found=values[1],
                    one=names[0],
                    other=names[1],
                    path=one.path,
                    theirs=two.path,
                ),
            )


def _alone(known: Clues) -> Iterator[tuple[str, Sentence]]:
    """Yield activations before the place that one side has alone, of what both have returned."""
    pairing, located = known.pairing, known.located
    ends = (
        (len(pairing.first.layers), len(pairing.second.layers))
        if located.layer is None
        else (located.layer.first, located.layer.second)
    )
    names = [label(name) for name in pairing.frameworks]
    models = pairing.first, pairing.second
    for side, model in enumerate(models):
        partners = {
            pair[side]: pair[1 - side] for pair in ((p.first, p.second) for p in located.same)
        }
        for index in pairing.alone[side]:
            layer = model.layers[index]
            before = index - 1
            if index >= ends[side] or layer.kind not in ACTIVATIONS or before not in partners:
                continue
            holder = known.sides[side]
            x, found = (holder.floats(f"output/{number}") for number in (before, index))
            made = None if x is None else holder.of(index, x)
            if made is None or found is None or made.shape != found.shape:
                continue
            if np.allclose(made, found):
                yield (
                    "missing_activation",
                    english(
                        _ALONE,
                        side=names[side],
                        other=names[1 - side],
                        path=layer.path,
                        kind=layer.kind,
                        own=model.layers[before].path,
                        theirs=models[1 - side].layers[partners[before]].path,
                    ),
                )
