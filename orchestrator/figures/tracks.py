"""A track -> a figure for each series."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from orchestrator.figures.canvas import Canvas, style, whole
from orchestrator.figures.drawing import TITLE
from orchestrator.figures.panels.history import history
from orchestrator.language import columns
from orchestrator.language.phrases import say
from orchestrator.results.track import Track
from orchestrator.results.track.series import name

_SIZE = (11.0, 4.6)  # inches
_TITLE_COLUMNS = 92  # characters that fit above it


def canvases(found: Track) -> Iterator[Canvas]:
    """Yield a canvas for each series, ``series-1`` and so on."""
    for number, series in enumerate(found.series, start=1):
        with style():
            figure = Figure(figsize=_SIZE, layout="constrained")
            history(figure.subplots(), series)
            title = "\n".join(columns.wrap(say(name(series)), _TITLE_COLUMNS))
            figure.suptitle(*(title,), x=0.01, ha="left", fontsize=13, fontweight="bold", gid=TITLE)
            yield whole(f"series-{number}", title, figure)
