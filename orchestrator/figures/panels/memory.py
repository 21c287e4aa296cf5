"""The peak memory of the trials."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from matplotlib.axes import Axes

from orchestrator.figures.panels.common import name_row, nothing
from orchestrator.language.palette import PALE, lighter, looks
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import COMMA, label, memory
from orchestrator.results.comparison import Comparison
from orchestrator.results.quantities import PEAK_DEVICE_MEMORY, PEAK_MEMORY, Quantity
from orchestrator.trials.trial import Trial

# A trial's values in bytes, and their titles.
_KINDS: Mapping[Phrase, Quantity] = {
    Phrase("process"): PEAK_MEMORY,
    Phrase("device"): PEAK_DEVICE_MEMORY,
}
_NOT_TOLD = Phrase("No trial reported its memory.")
_AXIS = Phrase("peak memory, GB")


def peaks(axes: Axes, comparison: Comparison) -> None:
    """Draw a bar for the median of each side, a mark for each trial."""
    values = _values(comparison)
    if not values:
        nothing(axes, say(_NOT_TOLD))
        return
    most = max(map(max, values.values()))
    axes.set(xlabel=say(_AXIS), xlim=(0, 1.03 * most), ylim=(len(values) - 0.5, -0.75))
    found_looks = looks(list(comparison.trials))
    names = rows_of(comparison)
    for row, ((side, _), sizes) in enumerate(values.items()):
        look = found_looks[side]
        face = lighter(look.colour, PALE)
        axes.barh(row, median(sizes), height=0.5, facecolor=face, edgecolor=look.colour, lw=0.8)
        if len(sizes) > 1:
            marks: dict[str, Any] = {"color": look.colour, "markersize": 5, "alpha": 0.6, "ls": ""}
            axes.plot(sizes, len(sizes) * [row], look.marker, **marks)
        name_row(axes, row, *names[row], most)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")


def rows_of(comparison: Comparison) -> list[tuple[str, str]]:
    """Return the name and the median of each bar."""
    values = _values(comparison)
    several_kinds = len({kind for _, kind in values}) > 1
    return [
        (
            say(COMMA, one=label(side), other=english(kind)) if several_kinds else label(side),
            memory(1e9 * median(sizes)),
        )
        for (side, kind), sizes in values.items()
    ]


def _values(comparison: Comparison) -> dict[tuple[str, Phrase], list[float]]:
    """Return the trials' gigabytes, by side and kind."""
    return {
        (side, kind): sizes
        for kind, quantity in _KINDS.items()
        for side, trials in comparison.counted.items()
        if (sizes := _gigabytes(trials, quantity))
    }


def _gigabytes(trials: Sequence[Trial], quantity: Quantity) -> list[float]:
    return [size / 1e9 for trial in trials if (size := quantity.measure(trial, None))]
