"""A comparison's figures, drawn in the test's own process."""

from orchestrator.figures import plots
from orchestrator.figures.drawing import Drawing
from orchestrator.results.comparison import Comparison, compare
from tests.builders.events import JOB, trial


def drawings(comparison: Comparison) -> list[Drawing]:
    return [plots.drawing(comparison, name) for name in plots.names(comparison)]


def figures(comparison: Comparison) -> dict[str, bytes]:
    """Contents by file name."""
    return {k: v for each in drawings(comparison) for k, v in each.files().items()}


BOTH = compare(JOB, [trial("pytorch"), trial("tensorflow", seconds=(1.0, 0.9, 0.9))])


def overview(comparison):
    """Made of the panels that are seen at once."""
    return plots.overview(comparison).drawing().svg
