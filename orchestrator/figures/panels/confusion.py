"""What samples of each class were said to be."""

import numpy as np
from matplotlib.axes import Axes

from orchestrator.language.palette import GREY
from orchestrator.language.phrases import Phrase, say
from orchestrator.results.evaluation import Evaluation

_SAID_TO_BE, _IS = Phrase("said to be"), Phrase("is")
_MOST_WRITTEN = 20  # classes whose numbers can be read


def confusion(axes: Axes, found: Evaluation) -> None:
    """Rows are what a sample is; shades are of the mistakes alone, which would not show else."""
    counts = np.array(found.confusion)
    mistakes = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, mistakes.max()))
    axes.grid(visible=False)
    axes.set(xlabel=say(_SAID_TO_BE), ylabel=say(_IS))
    axes.set_xticks(range(len(counts)))
    axes.set_yticks(range(len(counts)))
    if len(counts) > _MOST_WRITTEN:
        return
    for row, column in np.ndindex(*counts.shape):
        if counts[row, column]:
            right = row == column
            dark = mistakes[row, column] > 0.6 * mistakes.max()
            axes.text(
                column,
                row,
                f"{counts[row, column]:,}",
                ha="center",
                va="center",
                fontsize="small",
                fontweight="bold" if right else "normal",
                color="white" if dark and not right else GREY if right else "black",
            )
