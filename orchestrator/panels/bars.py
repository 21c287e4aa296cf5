"""Where the time went: a bar for each framework, made of its phases."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from orchestrator.cells import width
from orchestrator.comparison import Comparison
from orchestrator.language import Phrase, english, say
from orchestrator.palette import Look, looks
from orchestrator.panels.common import GREY, lighter, nothing
from orchestrator.trial import State, Trial
from orchestrator.words import label, number

# What is compared stands first, so that its bars share a baseline; then the rest as it happens.
_PARTS = {"train": "", "import": "", "data": "--", "build": "xx", "compile": "//", "evaluate": "||"}

_NAMES = {
    "train": Phrase("train"),
    "import": Phrase("import"),
    "data": Phrase("data"),
    "build": Phrase("build"),
    "compile": Phrase("compile"),
    "evaluate": Phrase("evaluate"),
}
_SECONDS = Phrase("seconds")
_PHASE = Phrase("{phase} {seconds} s")
_COMPARED = Phrase("train (compared)")
_IN_ALL = Phrase("{seconds} s in all")
_STOPPED_AFTER = Phrase("{seconds} s, not finished")
_NO_PHASE = Phrase("No phase was finished.")


def time(axes: Axes, comparison: Comparison) -> None:
    """Seconds of each phase, stacked: what is compared in full colour, the rest light."""
    parts = {name: _median_phases(trials) for name, trials in comparison.trials.items()}
    longest = max((sum(seconds.values()) for seconds in parts.values()), default=0.0)
    if not longest:
        nothing(axes, say(_NO_PHASE))
        return
    axes.set(xlabel=say(_SECONDS), xlim=(0, 1.2 * longest), ylim=(len(parts) - 0.5, -0.5))
    for row, (name, look) in enumerate(looks(list(parts)).items()):
        _bar(axes, row, parts[name], look)
        finished = all(t.state is State.SUCCEEDED for t in comparison.trials[name])
        total = sum(parts[name].values())
        text = say(_IN_ALL if finished else _STOPPED_AFTER, seconds=number(total))
        axes.text(total + 0.01 * longest, row, text, va="center", color=GREY)
    axes.set_yticks(range(len(parts)), [label(name) for name in parts], fontweight="bold")
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.legend(
        handles=[_legend_patch(p) for p in _PARTS if any(p in found for found in parts.values())],
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.01),
        ncols=len(_PARTS),
        columnspacing=1.3,
        handleheight=1.1,
        fontsize="small",
    )


def _median_phases(trials: Sequence[Trial]) -> dict[str, float]:
    found = {}
    for phase in _PARTS:
        values = [seconds for trial in trials if (seconds := trial.seconds(phase)) is not None]
        if values:
            found[phase] = median(values)
    return found


def _bar(axes: Axes, row: int, parts: Mapping[str, float], look: Look) -> None:
    left = 0.0
    for phase, seconds in parts.items():
        compared = phase == "train"
        face = look.colour if compared else lighter(look.colour, 0.75)
        axes.barh(
            row,
            seconds,
            left=left,
            height=0.6,
            facecolor=face,
            edgecolor=look.colour,
            hatch=_PARTS[phase],
            lw=0.8,
        )
        text = say(_PHASE, phase=english(_NAMES[phase]), seconds=number(seconds))
        style: dict[str, Any] = {"fontweight": "bold" if compared else "normal"}
        if seconds > 0.014 * width(text) * axes.get_xlim()[1]:  # as wide as it is written
            style |= {"ha": "center", "va": "center", "color": "white" if compared else "black"}
            style["bbox"] = {"facecolor": face, "edgecolor": "none", "pad": 1.5}
            axes.text(left + seconds / 2, row, text, **style)
        elif compared:
            axes.text(left, row - 0.34, text, color=look.colour, **style)
        left += seconds


def _legend_patch(phase: str) -> Patch:
    compared = phase == "train"
    return Patch(
        facecolor=GREY if compared else "#E4E4E4",
        edgecolor=GREY,
        hatch=_PARTS[phase],
        label=say(_COMPARED if compared else _NAMES[phase]),
    )
