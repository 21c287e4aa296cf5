"""Images with axes as in the formulas, [batch, h, w, c], and as in PyTorch."""

import torch


def channels_first(x: torch.Tensor) -> torch.Tensor:
    """View [batch, h, w, c] as [batch, c, h, w]; nothing is moved."""
    return x.permute(0, 3, 1, 2)


def channels_last(x: torch.Tensor) -> torch.Tensor:
    """View [batch, c, h, w] as [batch, h, w, c]; nothing is moved."""
    return x.permute(0, 2, 3, 1)
