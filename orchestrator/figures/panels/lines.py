"""Coinciding lines drawn so that all are visible, with their names where they end."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from twinrun.contract.enums import JobState

from orchestrator.figures.panels.common import legend_above, note
from orchestrator.language import columns
from orchestrator.language.palette import HALF, PALE, lighter, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import TRAIN_LOSS, Quantity, test_metric

Floats = NDArray[np.float64]

_DRAWN_STEPS = 1500  # more are indistinguishable
_LABEL_GAP = 0.16  # of the axes' height, between the labels of two lines
_MOST_BESIDE, _LONGEST_BESIDE = 5, 12  # sides, and columns, that have room beside lines

_STOPPED = Phrase("{framework}\nunfinished")
_DIVERGED = Phrase("{framework}\nnot finite from here")
_NOT_FINITE = Phrase("{framework}: no loss is finite.")
_BAND = Phrase("band: minimum to maximum of {most} trials")


def pens(comparison: Comparison) -> dict[str, dict[str, Any]]:
    """Return each framework's line style, as `pens_of`."""
    return pens_of(list(comparison.trials))


def pens_of(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return each name's line style, so that coinciding lines are all visible.

    The first is wide and light with large hollow markers, the others thin and dashed inside it.
    """
    by_side = looks(names)
    styles: dict[str, dict[str, Any]] = {}
    for index, (name, look) in enumerate(by_side.items()):
        pen = {"color": look.colour, "marker": look.marker, "markeredgecolor": look.colour}
        if len(by_side) == 1:
            styles[name] = {**pen, "lw": 2.5, "markersize": 7}
        elif index == 0:
            wide = {"lw": 6, "markersize": 11, "markerfacecolor": "white", "markeredgewidth": 2}
            styles[name] = {**pen, **wide, "color": lighter(look.colour, HALF), "zorder": 2}
        else:
            dashes = (0, (4, 2)) if index == 1 else (0, (1, 1.5))
            styles[name] = {
                **pen,
                "lw": 2,
                "markersize": 5,
                "linestyle": dashes,
                "zorder": 2 + index,
            }
    return styles


def lines(
    axes: Axes,
    comparison: Comparison,
    x: Floats,
    curves: Mapping[str, Sequence[Floats]],
    **changed: Any,
) -> None:
    """Draw each framework's curve; for several trials their median, as far as all go, in a band."""
    for name, pen in pens(comparison).items():
        nonempty = [curve for curve in curves[name] if len(curve)]
        if len(nonempty) > 1:
            _band(axes, x, nonempty, pen["markeredgecolor"])
        length = min(map(len, nonempty), default=0)
        if length:
            middle = np.median([curve[:length] for curve in nonempty], axis=0)
            axes.plot(x[:length], middle, label=name, **{**pen, **changed})


def _band(axes: Axes, x: Floats, found: Sequence[Floats], colour: str) -> None:
    """Fill between the minimum and maximum of as many curves as reach so far."""
    longest = max(map(len, found))
    padded = [np.pad(curve, (0, longest - len(curve)), constant_values=np.nan) for curve in found]
    ends = (np.fmin.reduce(padded), np.fmax.reduce(padded))
    axes.fill_between(x[:longest], *ends, color=colour, alpha=1 - PALE, lw=0, zorder=1)


def band_words(comparison: Comparison) -> str:
    """Describe what a band spans; empty: there is none."""
    most = max(map(len, comparison.counted.values()), default=0)
    return say(_BAND, most=most) if most > 1 else ""


def extremes(values: Floats) -> NDArray[np.intp]:
    """Return steps that preserve the line's look: minimum and maximum of as many blocks as fit."""
    if len(values) <= _DRAWN_STEPS:
        return np.arange(len(values))
    blocks = np.array_split(np.arange(len(values)), _DRAWN_STEPS // 2)
    indices = [steps[of(values[steps])] for steps in blocks for of in (np.argmin, np.argmax)]
    return np.unique(indices)


def fit_beside(comparison: Comparison) -> bool:
    """Return whether names and numbers have room at the ends of lines; else they are above them."""
    quantities = test_metric(comparison.job), TRAIN_LOSS
    texts = list(map(label, comparison.trials))
    for trials in comparison.counted.values():
        values = [(each, each.of(trials, comparison.job)) for each in quantities]
        texts += [each.written(value) for each, value in values if value is not None]
    longest = max(map(columns.width, texts), default=0)
    return len(comparison.trials) <= _MOST_BESIDE and longest <= _LONGEST_BESIDE


def name_lines(axes: Axes, comparison: Comparison, quantity: Quantity) -> None:
    """Write each framework's name and its ``quantity`` at the right edge, where its line ends.

    A line that stops earlier is labelled where it stops. A line's label is its framework. Names
    that have no room there are in a legend above.
    """
    beside = fit_beside(comparison)
    texts: dict[str, str] = {}
    styles = pens(comparison)
    curves = {name: line for line in axes.lines if (name := str(line.get_label())) in styles}
    last_x = max(float(np.max(line.get_xdata())) for line in curves.values())
    ends: dict[str, float] = {}
    for name, line in curves.items():
        points = np.asarray(line.get_xydata())
        finite = points[np.isfinite(points).all(axis=1)]
        if not len(finite):
            texts[name] = say(_NOT_FINITE, framework=label(name))
            if beside:
                note(axes, texts[name], 0.03, 0.05)
        elif len(finite) < len(points) or (finite[-1, 0] < last_x and not _ended(comparison, name)):
            stopped = _DIVERGED if len(finite) < len(points) else _STOPPED
            texts[name] = say(stopped, framework=label(name))
            if beside:
                _name_stop(axes, finite[-1], texts[name], styles[name])
        else:
            ends[name] = float(finite[-1, 1])
            value = quantity.of(comparison.counted[name], comparison.job)
            texts[name] = label(name)
            if value is not None:
                texts[name] = f"{label(name)}\n{quantity.written(value)}"
    if not beside:
        handles = [
            Line2D([], [], **styles[name], label=" ".join(text.split("\n")))
            for name, text in texts.items()
        ]
        legend_above(axes, handles, fontsize="small", borderpad=0)
        return
    outside: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
    for name, height in _spread({name: _height(axes, end) for name, end in ends.items()}).items():
        axes.plot([1.05], [height], **{**styles[name], **outside, "linestyle": ""})
        axes.text(1.09, height, texts[name], **outside, **_bold(styles[name]))


def _ended(comparison: Comparison, side: str) -> bool:
    """Return whether the side's trials did all that they should, perhaps in fewer steps."""
    return all(trial.state is JobState.SUCCEEDED for trial in comparison.counted[side])


def _name_stop(axes: Axes, point: Floats, text: str, pen: Mapping[str, Any]) -> None:
    axes.annotate(
        text,
        (float(point[0]), float(point[1])),
        xytext=(14, -22),
        textcoords="offset points",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        **_bold(pen),
    )


def _bold(pen: Mapping[str, Any]) -> dict[str, Any]:
    return {"color": pen["markeredgecolor"], "fontweight": "bold", "va": "center"}


def _height(axes: Axes, value: float) -> float:
    """Return the height of a value, as a fraction of the axes' height."""
    point = axes.transData.transform((axes.get_xlim()[1], value))
    return float(axes.transAxes.inverted().transform(point)[1])


def _spread(heights: Mapping[str, float]) -> dict[str, float]:
    """Return the heights moved apart where they are closer than the height of a label."""
    order = sorted(heights, key=lambda name: heights[name], reverse=True)
    places = dict(heights)
    for above, below in itertools.pairwise(order):
        places[below] = min(places[below], places[above] - _LABEL_GAP)
    moved = sum(places[name] - heights[name] for name in order) / max(len(order), 1)
    return {name: place - moved for name, place in places.items()}
