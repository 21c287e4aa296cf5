"""What layers take beside their input on one way through the model, each what is next."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True, slots=True)
class Training:
    """``products``: the dtype in which products are taken. ``trained``: parameters.

    ``drawn``: what NumPy drew for this step. ``statistics``: to which a layer adds the batch's,
    if it keeps any. All in model order.
    """

    products: torch.dtype
    trained: Iterator[torch.Tensor]
    drawn: Iterator[torch.Tensor]
    statistics: list[torch.Tensor] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Evaluating:
    """The same in evaluation; ``kept``: moving statistics, in model order."""

    products: torch.dtype
    trained: Iterator[torch.Tensor]
    kept: Iterator[torch.Tensor]


Given = Training | Evaluating


def holds_nothing(_: torch.nn.Module) -> dict[str, torch.Tensor | None]:
    """Return what a module without parameters holds."""
    return {}
