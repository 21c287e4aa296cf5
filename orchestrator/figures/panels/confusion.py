"""The predicted class of samples of each class."""

import numpy as np
from matplotlib.axes import Axes

from orchestrator.language.palette import GREY
from orchestrator.language.phrases import Phrase, say
from orchestrator.results.evaluation import Evaluation

_SAID_TO_BE, _IS = Phrase("predicted class"), Phrase("true class")
_MOST_WRITTEN = 20  # classes: more numbers would be unreadable
_SHORT = 3  # letters: longer names would run into each other


def confusion(axes: Axes, found: Evaluation) -> None:
    """Draw rows of true classes; only mistakes are shaded, which would not show otherwise."""
    counts = np.array(found.confusion)
    mistakes = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, mistakes.max()))
    axes.grid(visible=False)
    axes.set(xlabel=say(_SAID_TO_BE), ylabel=say(_IS))
    names = [each.name for each in found.classes]
    upright = max(map(len, names)) > _SHORT
    axes.set_xticks(range(len(counts)), names, rotation=90 if upright else 0)
    axes.set_yticks(range(len(counts)), names)
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
