"""AdamW: PyTorch's fused one has this formula; by hand, the decay comes before Adam's step."""

import torch
from twinrun.contract.optimizers import AdamW

from services.pytorch.optimizers.adam import step
from services.pytorch.optimizers.kinds import Own

__all__ = ["own", "step", "usual"]


def own(kind: AdamW) -> Own:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    made, given = usual(kind)
    return made, {**given, "eps": kind.epsilon, "fused": True}


def usual(kind: AdamW) -> Own:
    """Implement `services.pytorch.optimizers.kinds.Kind`."""
    return torch.optim.AdamW, {
        "betas": (kind.beta_1, kind.beta_2),
        "weight_decay": kind.weight_decay,
        "amsgrad": kind.amsgrad,
    }
