"""The metrics of each task: their names, as in `Metrics` of job.proto, and their values."""

import math
from collections.abc import Mapping
from typing import assert_never

from twinrun.contract.enums import TargetKind
from twinrun.contract.losses import Loss, targets

ACCURACY = "accuracy"
TOP_5 = "top_5_accuracy"
PERPLEXITY = "perplexity"  # e to the power of the mean loss
MOST_WITHOUT_TOP_5 = 10  # classes: only of more do the five most likely ones say something
_SHARE = (0.0, 1.0)
FALLING = frozenset({PERPLEXITY, "rmse", "mae"})  # of which less is better
# The least and the greatest value that each can have.
RANGES: Mapping[str, tuple[float, float]] = {
    ACCURACY: _SHARE,
    TOP_5: _SHARE,
    "macro_f1": _SHARE,
    "f1": _SHARE,
    "roc_auc": _SHARE,
    "average_precision": _SHARE,
    PERPLEXITY: (1.0, math.inf),
    "rmse": (0.0, math.inf),
    "mae": (0.0, math.inf),
    "r2": (-math.inf, 1.0),
}


def metric_names(loss: Loss, classes: int | None = None) -> tuple[str, ...]:
    """Return the names of the metrics of the loss's task, the one that stands for it first.

    ``classes``: of the data, which may be too few for a metric. None: not known, so all.
    """
    match targets(loss):
        case TargetKind.CLASS if classes is not None and classes <= MOST_WITHOUT_TOP_5:
            return ACCURACY, "macro_f1"
        case TargetKind.CLASS:
            return ACCURACY, TOP_5, "macro_f1"
        case TargetKind.FLAGS:
            return ACCURACY, "roc_auc", "average_precision", "f1"
        case TargetKind.NUMBERS:
            return "r2", "rmse", "mae"
        case TargetKind.TOKENS:
            return ACCURACY, PERPLEXITY
        case unknown:
            assert_never(unknown)
