"""The memory of a comparison -> a table."""

from orchestrator.language import words
from orchestrator.language.phrases import Phrase, say
from orchestrator.reports.grid import UNKNOWN, Grid, known, of_sides, row
from orchestrator.results.comparison import Comparison
from orchestrator.results.memory import lines

TITLE = Phrase("Memory by phase")
NOTE = Phrase(
    "Medians over the trials. Peaks are resident sets, read between the phases; data, parameters "
    "and the optimizer's state are computed sizes, and the rest is what they leave of the peak."
)
_OF = Phrase("Memory")
_SMALL = 10_000_000  # bytes


def table(comparison: Comparison) -> Grid:
    """Return a row for each phase and each part of the peak, of which any side knows the size."""
    names = list(comparison.counted)
    of = [lines(trials) for trials in comparison.counted.values()]
    rows = [
        row(
            say(several[0].title),
            [UNKNOWN if e.size_bytes is None else _written(e.size_bytes) for e in several],
        )
        for several in zip(*of, strict=True)
    ]
    return Grid(of_sides(_OF, names), known(rows))


def _written(size_bytes: float) -> str:
    """Write bytes; small ones to three digits, such as those of a small model's parameters."""
    small = 0 < size_bytes < _SMALL
    return f"{words.number(size_bytes / 1e6)} MB" if small else words.memory(size_bytes)
