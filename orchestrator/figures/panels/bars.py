"""Where the time went: a bar for each framework, made of its phases."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from twinrun.contract.enums import JobState

from orchestrator.figures.panels.common import legend_above, name_row, nothing
from orchestrator.language.columns import width
from orchestrator.language.palette import FAINT, GREY, PALE, Look, lighter, looks
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, number
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import EPOCH
from orchestrator.trials.trial import Trial

# The compared phase is first, so that its bars share a baseline; then the others in order.
_PARTS = {"train": "", "import": "", "data": "--", "build": "xx", "compile": "//", "evaluate": "||"}

_NAMES = {
    "train": Phrase("train"),
    "import": Phrase("import"),
    "data": Phrase("data"),
    "build": Phrase("build"),
    "compile": Phrase("compile"),
    "evaluate": Phrase("evaluate"),
}
_AXIS = Phrase("seconds")
_COMPARED = Phrase("train (compared, by the epoch)")
_IN_ALL = Phrase("train {train} s of {seconds} s in all")
_EPOCHS_IN_ALL = Phrase("train {train} s, {epoch} s an epoch, of {seconds} s in all")
_STOPPED_AFTER = Phrase("train {train} s of {seconds} s, unfinished")
_NO_TRAINING = Phrase("{seconds} s, unfinished")
_NO_PHASE = Phrase("No phase was finished.")


def time(axes: Axes, comparison: Comparison) -> None:
    """Draw seconds of each phase, stacked: the compared one in full colour, others lighter."""
    parts = {name: median_phases(trials) for name, trials in comparison.counted.items()}
    longest = max((sum(seconds.values()) for seconds in parts.values()), default=0.0)
    if not longest:
        nothing(axes, say(_NO_PHASE))
        return
    axes.set(xlabel=say(_AXIS), xlim=(0, 1.01 * longest), ylim=(len(parts) - 0.5, -0.75))
    for row, (name, look) in enumerate(looks(list(parts)).items()):
        _bar(axes, row, parts[name], look)
        name_row(axes, row, label(name), bar_words(parts[name], comparison.counted[name]), longest)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    legend_above(
        axes,
        [_legend_patch(p) for p in _PARTS if any(p in phases for phases in parts.values())],
        ncols=3,
        columnspacing=1.3,
        handleheight=1.1,
        fontsize="small",
    )


def bar_words(parts: Mapping[str, float], trials: Sequence[Trial]) -> str:
    total = number(sum(parts.values()))
    if "train" not in parts:
        return say(_NO_TRAINING, seconds=total)
    given = {"train": number(parts["train"]), "seconds": total}
    if any(trial.state is not JobState.SUCCEEDED for trial in trials):
        return say(_STOPPED_AFTER, **given)
    epoch = EPOCH.of(trials, None)
    if epoch is None or all(len(trial.epochs) == 1 for trial in trials):
        return say(_IN_ALL, **given)
    return say(_EPOCHS_IN_ALL, **given, epoch=number(epoch))


def median_phases(trials: Sequence[Trial]) -> dict[str, float]:
    """Return wall seconds, in the order in which they are drawn."""
    medians = {}
    for phase in _PARTS:
        values = [seconds for trial in trials if (seconds := trial.seconds(phase)) is not None]
        if values:
            medians[phase] = median(values)
    return medians


def _bar(axes: Axes, row: int, parts: Mapping[str, float], look: Look) -> None:
    left = 0.0
    for phase, seconds in parts.items():
        compared = phase == "train"
        face = look.colour if compared else lighter(look.colour, PALE)
        axes.barh(
            row,
            seconds,
            left=left,
            height=0.5,
            facecolor=face,
            edgecolor=look.colour,
            hatch=_PARTS[phase],
            lw=0.8,
        )
        text = f"{number(seconds)} s"
        if not compared and seconds > 0.026 * width(text) * axes.get_xlim()[1]:  # wide enough
            style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": "small"}
            style["bbox"] = {"facecolor": face, "edgecolor": "none", "pad": 1.5}
            axes.text(left + seconds / 2, row, text, **style)
        left += seconds


def _legend_patch(phase: str) -> Patch:
    compared = phase == "train"
    return Patch(
        facecolor=GREY if compared else FAINT,
        edgecolor=GREY,
        hatch=_PARTS[phase],
        label=say(_COMPARED if compared else _NAMES[phase]),
    )
