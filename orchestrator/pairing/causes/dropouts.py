"""What dropout does otherwise; the masks of both sides are drawn alike."""

from collections.abc import Iterator

import numpy as np

from orchestrator.language.phrases import Phrase, english
from orchestrator.pairing.causes.clues import Cause, Clues, Side, Tried
from orchestrator.pairing.causes.layers import at_layer
from orchestrator.pairing.formulas.activations import Floats

_KEPT = Phrase("{side}'s `{path}` let everything through, as {other}'s does")
_SCALED = Phrase("{side}'s `{path}` multiplied what it keeps by {factor}")
_RATE = Phrase("{side}'s `{path}` dropped {value} of the values, not {own}")


def _dropped(side: Side, other: Side) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield both outputs and what went into both."""
    if side.output is None or other.output is None or side.index is None:
        return
    for x in side.inputs():
        if x.shape == side.output.shape == other.output.shape and (
            np.allclose(np.where(side.output == 0, 0, x) * _factor(x, side.output), side.output)
        ):
            yield side.output, other.output, x
            return


def _factor(x: Floats, output: Floats) -> float:
    """Return what is kept multiplied by."""
    kept = (output != 0) & (x != 0)
    return float(np.median(output[kept] / x[kept])) if kept.any() else 1.0


def _not_dropped(_: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield what goes into a dropout, which the other side lets through."""
    for own, wanted, x in _dropped(side, other):
        if not np.array_equal(own, x):
            change = english(_KEPT, side=side.name, path=side.layer.path, other=other.name)
            yield Tried(change, x, wanted)


def _scale(_: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield the same mask with the other factor."""
    for own, wanted, x in _dropped(side, other):
        if np.array_equal(own == 0, wanted == 0):
            factor = _factor(x, wanted)
            change = english(_SCALED, side=side.name, path=side.layer.path, factor=f"{factor:.6g}")
            yield Tried(change, np.where(own == 0, 0, x) * factor, wanted)


def _rate(_: Clues, side: Side, other: Side) -> Iterator[Tried]:
    """Yield what both keep, each by the factor of its own rate."""
    own, theirs = (each.layer.settings.get("rate", "") for each in (side, other))
    if own in {"", theirs} or not theirs or float(own) >= 1 or float(theirs) >= 1:
        return
    for mine, wanted, x in _dropped(side, other):
        kept = (mine != 0) & (wanted != 0)
        change = english(_RATE, side=side.name, path=side.layer.path, value=theirs, own=own)
        made = np.where(kept, x / (1 - float(theirs)), wanted)
        yield Tried(change, made, np.where(wanted == 0, 0, wanted))


CAUSES = (
    Cause("dropout_rate", Phrase("the rate of dropout"), at_layer(("dropout",), _rate)),
    Cause("dropout_scale", Phrase("the scale of dropout"), at_layer(("dropout",), _scale)),
    Cause(
        "dropout_off",
        Phrase("a dropout that is switched off, or in the mode for evaluation"),
        at_layer(("dropout",), _not_dropped),
    ),
)
