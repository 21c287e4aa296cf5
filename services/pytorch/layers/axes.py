"""Images as the formulas have them, [batch, h, w, c], and as PyTorch names their axes."""

import torch


def channels_first(x: torch.Tensor) -> torch.Tensor:
    """[batch, h, w, c] as [batch, c, h, w]; nothing is moved."""
    return x.permute(0, 3, 1, 2)


def channels_last(x: torch.Tensor) -> torch.Tensor:
    """[batch, c, h, w] as [batch, h, w, c]; nothing is moved."""
    return x.permute(0, 2, 3, 1)
