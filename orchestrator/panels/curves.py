"""What was learned: a curve for each framework, drawn so that curves that agree can all be seen."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from orchestrator.comparison import Comparison
from orchestrator.language import Phrase, say
from orchestrator.palette import looks
from orchestrator.panels.common import lighter, note, nothing
from orchestrator.words import label, number

Floats = NDArray[np.float64]

_SMOOTHED_STEPS = 100
_LABEL_GAP = 0.15  # of the axes' height, between the labels of two lines

_EPOCH, _STEP = Phrase("epoch"), Phrase("step")
_STEP_OF = Phrase("step ({steps:,} in an epoch)")
_ACCURACY_AXIS, _LOSS_AXIS = Phrase("test accuracy, %"), Phrase("training loss")
_STOPPED = Phrase("{framework}\nnot finished")
_DIVERGED = Phrase("{framework}\nnot a number from here")
_FAINT_AND_STRONG = Phrase("faint: each step\nstrong: mean of {block} steps")
_NO_EPOCH = Phrase("No epoch was finished.")
_NO_STEP = Phrase("No step was finished.")
_NOT_FINITE = Phrase("{framework}: no loss is a finite number.")


def accuracy(axes: Axes, comparison: Comparison) -> None:
    """Test accuracy after each epoch, in percent."""
    curves = {
        name: [np.array([100 * epoch.test_accuracy for epoch in t.epochs]) for t in trials]
        for name, trials in comparison.trials.items()
    }
    shown = np.concatenate([np.empty(0), *itertools.chain(*curves.values())])
    if not len(shown):
        nothing(axes, say(_NO_EPOCH))
        return
    last = max(map(len, itertools.chain(*curves.values())))
    _lines(axes, comparison, np.arange(1.0, last + 1), curves)
    axes.set(xlabel=say(_EPOCH), ylabel=say(_ACCURACY_AXIS), xlim=(0.6, last + 0.4))
    axes.set_ylim(*_percent_limits(shown))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _name_lines(axes, comparison, "{:.2f} %".format)


def loss(axes: Axes, comparison: Comparison) -> None:
    """Training loss by step: each step faint, the mean over blocks of steps strong."""
    steps = max((len(t.losses) for trials in comparison.trials.values() for t in trials), default=0)
    if not steps:
        nothing(axes, say(_NO_STEP))
        return
    block = min(_SMOOTHED_STEPS, max(1, steps // 25))
    highest = 0.0
    for name, look in looks(list(comparison.trials)).items():
        raw = comparison.trials[name][0].losses
        axes.plot(raw, color=look.colour, alpha=0.13, lw=0.5)
        highest = max(highest, np.max(raw, where=np.isfinite(raw), initial=0.0))
    curves = {
        name: [_block_means(trial.losses, block) for trial in trials]
        for name, trials in comparison.trials.items()
    }
    middles = np.minimum(np.arange(0, steps, block) + (block - 1) / 2, steps - 1)
    thin = {"marker": ""} if steps > block else {}  # a single point needs its marker
    _lines(axes, comparison, middles, curves, **thin)
    axes.set(xlabel=_steps_label(comparison), ylabel=say(_LOSS_AXIS), xlim=(-0.5, steps - 0.5))
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    means = np.concatenate(list(itertools.chain(*curves.values())))
    shown = means[np.isfinite(means) & (means > 0)]
    if len(shown):
        axes.set_yscale("log")
        axes.set_ylim(shown.min() / 4, 1.2 * max(highest, shown.max()))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        note(axes, say(_FAINT_AND_STRONG, block=block), 0.97, 0.97, ha="right", va="top")
    _name_lines(axes, comparison, number)


def _pens(comparison: Comparison) -> dict[str, dict[str, Any]]:
    """How each framework's line is drawn, so that lines on top of each other can all be seen.

    The first is wide and light with large hollow markers, the others thin and dashed within it.
    """
    found = looks(list(comparison.trials))
    pens: dict[str, dict[str, Any]] = {}
    for index, (name, look) in enumerate(found.items()):
        pen = {"color": look.colour, "marker": look.marker, "markeredgecolor": look.colour}
        if len(found) == 1:
            pens[name] = {**pen, "lw": 2.5, "markersize": 8}
        elif index == 0:
            wide = {"lw": 7, "markersize": 13, "markerfacecolor": "white", "markeredgewidth": 2}
            pens[name] = {**pen, **wide, "color": lighter(look.colour, 0.5), "zorder": 2}
        else:
            dashes = (0, (4, 2)) if index == 1 else (0, (1, 1.5))
            pens[name] = {**pen, "lw": 2, "markersize": 6, "linestyle": dashes, "zorder": 2 + index}
    return pens


def _percent_limits(values: Floats) -> tuple[float, float]:
    """Whole tens around the values, with room below: a tenth of a point is never made a cliff."""
    low = max(0.0, 10 * np.floor((values.min() - 1) / 10))
    return low, max(low + 10, 10 * np.ceil(values.max() / 10))


def _block_means(losses: Floats, block: int) -> Floats:
    """Means over blocks of so many steps; the last block may be short."""
    starts = np.arange(0, len(losses), block)
    if not len(starts):
        return losses
    means: Floats = np.add.reduceat(losses, starts) / np.minimum(block, len(losses) - starts)
    return means


def _lines(
    axes: Axes,
    comparison: Comparison,
    x: Floats,
    curves: Mapping[str, Sequence[Floats]],
    **changed: Any,
) -> None:
    """Each framework's curve; of several trials their median, as far as all go, among them."""
    for name, pen in _pens(comparison).items():
        found = [curve for curve in curves[name] if len(curve)]
        if len(found) > 1:
            for curve in found:
                axes.plot(x[: len(curve)], curve, color=pen["markeredgecolor"], alpha=0.4, lw=0.8)
        length = min(map(len, found), default=0)
        if length:
            middle = np.median([curve[:length] for curve in found], axis=0)
            axes.plot(x[:length], middle, label=name, **{**pen, **changed})


def _steps_label(comparison: Comparison) -> str:
    for trial in itertools.chain(*comparison.trials.values()):
        if trial.inputs:
            return say(_STEP_OF, steps=trial.inputs.steps_per_epoch)
    return say(_STEP)


def _name_lines(axes: Axes, comparison: Comparison, written: Callable[[float], str]) -> None:
    """Names each framework and its last value beside the right edge, where its line ends.

    A line that stops before is named where it stops. A line's label is its framework.
    """
    pens = _pens(comparison)
    curves = {name: line for line in axes.lines if (name := str(line.get_label())) in pens}
    last_x = max(float(np.max(line.get_xdata())) for line in curves.values())
    ends: dict[str, float] = {}
    for name, line in curves.items():
        points = np.asarray(line.get_xydata())
        finite = points[np.isfinite(points).all(axis=1)]
        if not len(finite):
            note(axes, say(_NOT_FINITE, framework=label(name)), 0.03, 0.05)
        elif len(finite) < len(points):
            _name_stop(axes, finite[-1], say(_DIVERGED, framework=label(name)), pens[name])
        elif finite[-1, 0] < last_x:
            _name_stop(axes, finite[-1], say(_STOPPED, framework=label(name)), pens[name])
        else:
            ends[name] = float(finite[-1, 1])
    beside: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
    for name, height in _spread({name: _height(axes, end) for name, end in ends.items()}).items():
        axes.plot([1.045], [height], **{**pens[name], **beside, "linestyle": ""})
        text = f"{label(name)}\n{written(ends[name])}"
        axes.text(1.085, height, text, **beside, **_bold(pens[name]))


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
    """Of a value, as a fraction of the axes' height."""
    point = axes.transData.transform((axes.get_xlim()[1], value))
    return float(axes.transAxes.inverted().transform(point)[1])


def _spread(heights: Mapping[str, float]) -> dict[str, float]:
    """The same heights moved apart where they are closer than a label is high."""
    order = sorted(heights, key=lambda name: heights[name], reverse=True)
    places = dict(heights)
    for above, below in itertools.pairwise(order):
        places[below] = min(places[below], places[above] - _LABEL_GAP)
    moved = sum(places[name] - heights[name] for name in order) / max(len(order), 1)
    return {name: place - moved for name, place in places.items()}
