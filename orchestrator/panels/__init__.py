"""The panels that figures are made of: each draws one aspect of a comparison on given axes."""

from collections.abc import Callable

from matplotlib.axes import Axes

from orchestrator.comparison import Comparison
from orchestrator.panels.bars import time
from orchestrator.panels.curves import accuracy, loss, reaching
from orchestrator.panels.images import differences, images
from orchestrator.panels.memory import peaks
from orchestrator.panels.parting import parting
from orchestrator.panels.ratios import ratios

Panel = Callable[[Axes, Comparison], None]

__all__ = [
    "Panel",
    "accuracy",
    "differences",
    "images",
    "loss",
    "parting",
    "peaks",
    "ratios",
    "reaching",
    "time",
]
