"""What a layer returns in place of its own output, so that what is behind it does not see it."""

from typing import Any

import torch
from torch import nn

from services.pytorch.code import layouts


class _Instead(torch.autograd.Function):  # type: ignore[misc]
    """Values in place of others, whose gradient passes to what they stand for."""

    @staticmethod
    def forward(_: Any, output: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
        return torch.empty_like(output).copy_(given)  # laid out in memory as the output is

    @staticmethod
    def backward(_: Any, *slopes: torch.Tensor) -> tuple[torch.Tensor, None]:
        return slopes[0], None


def instead(module: nn.Module | None, made: object, given: torch.Tensor) -> object:
    """Return what a call has ``made``, with ``given`` for its first tensor, of the same shape.

    The last state of a recurrent module goes with its output; a cell's own state does not.
    """
    if isinstance(made, torch.Tensor):
        return _laid(_Instead.apply(made, given), made)
    if not isinstance(made, tuple | list):
        return made
    first, *rest = made
    if isinstance(module, nn.RNNBase) and rest:
        hidden, *cells = rest[0] if isinstance(rest[0], tuple) else (rest[0],)
        hidden = _Instead.apply(hidden, _last_states(module, hidden, given))
        rest = [(hidden, *cells) if cells else hidden]
    return type(made)([instead(None, first, given), *rest])


def _laid(values: torch.Tensor, as_of: torch.Tensor) -> torch.Tensor:
    layouts.put(values, layouts.of(as_of))
    return values


def _last_states(module: nn.RNNBase, hidden: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """Return ``hidden`` [layers * directions, batch, units] with what ``steps`` end in."""
    steps = steps.transpose(0, 1) if module.batch_first else steps
    ends = [steps[-1, :, : hidden.shape[-1]]]
    if module.bidirectional:
        ends.append(steps[0, :, hidden.shape[-1] :])
    return torch.cat([hidden.detach()[: -len(ends)], torch.stack(ends)])
