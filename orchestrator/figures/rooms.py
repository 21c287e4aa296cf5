"""How much room each panel needs around it: names may be long, and sides may be many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from orchestrator.certificate.certificate import Certificate
from orchestrator.figures.canvas import BARS, HEIGHT, NAMED, WIDTH, Room
from orchestrator.figures.panels.bars import bar_words, median_phases
from orchestrator.figures.panels.common import BAR_LINE, BETWEEN_BARS, bar_name, legend_inches
from orchestrator.figures.panels.lines import fit_beside
from orchestrator.figures.panels.memory import rows_of
from orchestrator.figures.panels.parting import curve_names
from orchestrator.figures.panels.variants import bars, words_of
from orchestrator.language.words import label
from orchestrator.results.comparison import Comparison
from orchestrator.results.variants import Variants

_NUMBER = " " + 28 * "9"  # as long as what follows a name in a legend
_LEGEND = 0.6  # inches above a panel, with a legend of two lines
_PARTING = Room(left=0.95, right=0.95, above=0.18)
_ABOVE_BARS, _BETWEEN_NAMES = 0.25, 0.08  # bars; inches


def of_lines(comparison: Comparison) -> Room:
    """Return the room of curves with names at their ends, or in a legend above them."""
    if fit_beside(comparison):
        return NAMED
    more = legend_of_sides(comparison)
    return Room(above=0.15 + more, taller=more)


def legend_of_sides(comparison: Comparison) -> float:
    """Return the inches of a legend that has each side's name and number; 0: there is none."""
    if fit_beside(comparison):
        return 0.0
    return 0.05 + legend_inches(label(name) + _NUMBER for name in comparison.trials)


def of_reaching(comparison: Comparison) -> Room:
    more = legend_of_sides(comparison)
    return Room(above=0.15 + more, taller=more)


def of_ahead(comparison: Comparison) -> Room:
    more = legend_inches(["", *(label(name) + _NUMBER for name in comparison.trials)])
    return Room(above=0.15 + more, taller=more)


def of_roofline(comparison: Comparison) -> Room:
    names = [label(name) + _NUMBER for name in comparison.trials]
    more = legend_inches(["", *names, *(names if comparison.profiles else ())])
    return Room(above=0.45 + more, taller=0.3 + more)


def of_ratios(comparison: Comparison) -> Room:
    more = max(0.0, legend_of_sides(comparison) - 0.35) if len(comparison.pairs) > 1 else 0.0
    return Room(above=_LEGEND + more, taller=more)


def of_time(comparison: Comparison) -> Room:
    rows = [
        (label(name), bar_words(median_phases(trials), trials))
        for name, trials in comparison.counted.items()
    ]
    return _of_rows(replace(BARS, above=_LEGEND), rows)


def of_memory(comparison: Comparison) -> Room:
    return _of_rows(BARS, rows_of(comparison))


def of_variants(found: Variants) -> Room:
    return _of_rows(BARS, [words_of(bar) for bar in bars(found)])


def of_parting(certificate: Certificate) -> Room:
    """Return room with space for the legend; of one line, if no side's own divergence is drawn."""
    one, more = legend_inches([""]), legend_inches(curve_names(certificate))
    return replace(_PARTING, above=_PARTING.above + more, taller=more - one)


def _of_rows(room: Room, rows: Sequence[tuple[str, str]]) -> Room:
    """Return ``room`` as much taller as bars with these names and values need."""
    width = WIDTH - room.left - room.right
    lines = max((len(bar_name(name, text, width)) for name, text in rows), default=1)
    return replace(room, taller=max(0.0, of_bars(len(rows), lines) - (HEIGHT - room.above)))


def of_bars(rows: int, lines: int = 1) -> float:
    """Return the inches of bars whose names have so many lines."""
    return (BAR_LINE * lines + _BETWEEN_NAMES) / BETWEEN_BARS * (rows + _ABOVE_BARS)


# Of the panels of a comparison, by the names of their figures.
ROOMS: Mapping[str, Callable[[Comparison], Room]] = {
    "ratios": of_ratios,
    "time": of_time,
    "ahead": of_ahead,
    "roofline": of_roofline,
    "accuracy": of_lines,
    "reaching": of_reaching,
    "loss": of_lines,
    "memory": of_memory,
}
