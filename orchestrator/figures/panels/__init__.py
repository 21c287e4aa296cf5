"""The panels of figures: each draws one aspect of a comparison on given axes."""

from collections.abc import Callable

from matplotlib.axes import Axes

from orchestrator.figures.panels.ahead import break_even
from orchestrator.figures.panels.bars import time
from orchestrator.figures.panels.curves import accuracy, loss, reaching
from orchestrator.figures.panels.images import differences, images
from orchestrator.figures.panels.memory import peaks
from orchestrator.figures.panels.parting import parting
from orchestrator.figures.panels.ratios import ratios
from orchestrator.figures.panels.roofline import roofline
from orchestrator.results.comparison import Comparison

Panel = Callable[[Axes, Comparison], None]

__all__ = [
    "Panel",
    "accuracy",
    "break_even",
    "differences",
    "images",
    "loss",
    "parting",
    "peaks",
    "ratios",
    "reaching",
    "roofline",
    "time",
]
