"""What layers need besides their input in one pass through the model; each takes what is next.

Of both kinds, ``counted``, bool[batch, time], is False at padded steps. None: every step counts.
``channels_first``: so images lie in memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import torch

# Makes the mean over a device's samples that over the samples of all devices that share a step.
Mean: TypeAlias = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Training:
    """For training. ``products``: the dtype of products. ``trained``: parameters.

    ``drawn``: what NumPy drew for this step. ``statistics``: a layer with moving statistics appends
    the batch's. All in model order. ``mean``: None if the step has one device.
    """

    products: torch.dtype
    trained: Iterator[torch.Tensor]
    drawn: Iterator[torch.Tensor]
    statistics: list[torch.Tensor] = field(default_factory=list)
    counted: torch.Tensor | None = None
    channels_first: bool = False
    mean: Mean | None = None


@dataclass(frozen=True, slots=True)
class Evaluating:
    """For evaluation; ``kept``: moving statistics, in model order."""

    products: torch.dtype
    trained: Iterator[torch.Tensor]
    kept: Iterator[torch.Tensor]
    counted: torch.Tensor | None = None
    channels_first: bool = False


Given = Training | Evaluating


def holds_nothing(_: torch.nn.Module) -> dict[str, torch.Tensor | None]:
    """Return an empty dictionary, for a module without parameters."""
    return {}
