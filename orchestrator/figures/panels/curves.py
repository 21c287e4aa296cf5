"""What was learned: a curve for each framework, by epoch, by step, by seconds of training."""

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from orchestrator.figures.panels.common import note, nothing
from orchestrator.figures.panels.lines import Floats, band_words, extremes, lines, name_lines, pens
from orchestrator.language.palette import GREY, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, number, percent
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import TARGET, TEST_ACCURACY, TRAIN_LOSS
from orchestrator.trials.trial import Trial

_SMOOTHED_STEPS = 100

_EPOCH, _STEP = Phrase("epoch"), Phrase("step")
_STEP_OF = Phrase("step ({steps:,} in an epoch)")
_SECONDS = Phrase("seconds of training")
_ACCURACY_AXIS, _LOSS_AXIS = Phrase("test accuracy, %"), Phrase("training loss")
_FAINT_AND_STRONG = Phrase("faint: each step\nstrong: mean of {block} steps")
_MEANS = Phrase("means of {block} steps\n{band}")
_LAST_EPOCH = Phrase("numbers: mean of the last epoch")
_NO_EPOCH = Phrase("No epoch was finished.")
_NO_STEP = Phrase("No step was finished.")
_TARGET = Phrase("target {target}")
_REACHED = Phrase("{framework}: target after {seconds} s")
_NOT_REACHED = Phrase("{framework}: target not reached")


def accuracy(axes: Axes, comparison: Comparison) -> None:
    """Draw test accuracy after each epoch, in percent."""
    curves = {name: list(map(_percents, trials)) for name, trials in comparison.counted.items()}
    shown = np.concatenate([np.empty(0), *itertools.chain(*curves.values())])
    if not len(shown):
        nothing(axes, say(_NO_EPOCH))
        return
    last = max(map(len, itertools.chain(*curves.values())))
    lines(axes, comparison, np.arange(1.0, last + 1), curves)
    axes.set(xlabel=say(_EPOCH), ylabel=say(_ACCURACY_AXIS), xlim=(0.6, last + 0.4))
    axes.set_ylim(*_percent_limits(shown))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    name_lines(axes, comparison, TEST_ACCURACY)
    if text := band_words(comparison):
        note(axes, text, 0.03, 0.03)


def reaching(axes: Axes, comparison: Comparison) -> None:
    """Draw test accuracy over the seconds trained: trials thin, the medians of all strong."""
    shown = np.concatenate(
        [np.empty(0), *(_percents(t) for group in comparison.counted.values() for t in group)]
    )
    if not len(shown):
        nothing(axes, say(_NO_EPOCH))
        return
    target = comparison.job.target_accuracy
    for name, pen in pens(comparison).items():
        group = [trial for trial in comparison.counted[name] if trial.epochs]
        if not group:
            continue
        for trial in group if len(group) > 1 else ():
            axes.plot(
                *(_seconds(trial), _percents(trial)),
                color=pen["markeredgecolor"],
                alpha=0.35,
                lw=0.8,
            )
        length = min(len(trial.epochs) for trial in group)
        middles = [
            np.median([of(trial)[:length] for trial in group], axis=0)
            for of in (_seconds, _percents)
        ]
        axes.plot(*middles, label=_reached(name, group, comparison), **pen)
    axes.set(xlabel=say(_SECONDS), ylabel=say(_ACCURACY_AXIS))
    axes.set_xlim(left=0)
    axes.set_ylim(*_percent_limits(np.append(shown, 100 * target) if target else shown))
    if target:
        axes.axhline(100 * target, color=GREY, ls="--", lw=1, zorder=1)
        beside = axes.get_yaxis_transform()
        text = say(_TARGET, target=percent(target))
        pen = {"color": GREY, "fontsize": "small", "xytext": (4, 3)}
        axes.annotate(text, (0, 100 * target), xycoords=beside, textcoords="offset points", **pen)
    axes.legend(loc="lower right", fontsize="small")


def _reached(side: str, group: Sequence[Trial], comparison: Comparison) -> str:
    if comparison.job.target_accuracy is None:
        return label(side)
    seconds = TARGET.of(group, comparison.job)
    if seconds is None or None in [TARGET.measure(trial, comparison.job) for trial in group]:
        return say(_NOT_REACHED, framework=label(side))
    return say(_REACHED, framework=label(side), seconds=number(seconds))


def _percents(trial: Trial) -> Floats:
    return np.array([100 * epoch.test_accuracy for epoch in trial.epochs])


def _seconds(trial: Trial) -> Floats:
    return np.cumsum([epoch.train_seconds for epoch in trial.epochs])


def loss(axes: Axes, comparison: Comparison) -> None:
    """Draw training loss by step: means over blocks of steps; of one trial each step, faint."""
    steps = max(
        (len(t.losses) for trials in comparison.counted.values() for t in trials), default=0
    )
    if not steps:
        nothing(axes, say(_NO_STEP))
        return
    block = min(_SMOOTHED_STEPS, max(1, steps // 25))
    alone = not band_words(comparison)
    highest = _draw_each_step(axes, comparison) if alone else 0.0
    curves = {
        name: [_block_means(trial.losses, block) for trial in trials]
        for name, trials in comparison.counted.items()
    }
    middles = np.minimum(np.arange(0, steps, block) + (block - 1) / 2, steps - 1)
    thin = {"marker": ""} if steps > block else {}  # a single point needs its marker
    lines(axes, comparison, middles, curves, **thin)
    axes.set(xlabel=_steps_label(comparison), ylabel=say(_LOSS_AXIS), xlim=(-0.5, steps - 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=True))
    means = np.concatenate(list(itertools.chain(*curves.values())))
    shown = means[np.isfinite(means) & (means > 0)]
    if len(shown):
        axes.set_yscale("log")
        axes.set_ylim(shown.min() / 4, 1.2 * max(highest, shown.max()))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        text = _FAINT_AND_STRONG if alone else _MEANS
        words = {} if alone else {"band": band_words(comparison)}
        notes = [say(text, block=block, **words), say(_LAST_EPOCH)]
        note(axes, "\n".join(notes), 0.97, 0.97, ha="right", va="top")
    name_lines(axes, comparison, TRAIN_LOSS)


def _draw_each_step(axes: Axes, comparison: Comparison) -> float:
    """Draw the first trial's losses, faint; return the highest finite one of all."""
    highest = 0.0
    for name, look in looks(list(comparison.trials)).items():
        raw = comparison.counted[name][0].losses
        steps = extremes(raw)
        axes.plot(steps, raw[steps], color=look.colour, alpha=0.13, lw=0.5)
        highest = max(highest, np.max(raw, where=np.isfinite(raw), initial=0.0))
    return highest


def _percent_limits(values: Floats) -> tuple[float, float]:
    """Return whole tens around the values, with room below: a tenth of a point is no cliff."""
    low = max(0.0, 10 * np.floor((values.min() - 1) / 10))
    return low, max(low + 10, 10 * np.ceil(values.max() / 10))


def _block_means(losses: Floats, block: int) -> Floats:
    """Return means over blocks of this many steps; the last block may be short."""
    starts = np.arange(0, len(losses), block)
    if not len(starts):
        return losses
    means: Floats = np.add.reduceat(losses, starts) / np.minimum(block, len(losses) - starts)
    return means


def _steps_label(comparison: Comparison) -> str:
    for trial in itertools.chain(*comparison.counted.values()):
        if steps := trial.epoch_steps:
            return say(_STEP_OF, steps=steps)
    return say(_STEP)
