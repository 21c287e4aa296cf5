"""Which layers are norms, and whether a job sets their epsilon."""

from typing import TypeGuard

from twinrun.contract.layers import BatchNorm, GroupNorm, LayerNorm, Leaf, RmsNorm

Norm = BatchNorm | LayerNorm | RmsNorm | GroupNorm
_USUAL: dict[type, float] = {
    **{kind: kind().epsilon for kind in (BatchNorm, LayerNorm, RmsNorm)},
    GroupNorm: GroupNorm(1).epsilon,
}


def is_usual_momentum(layer: Leaf) -> TypeGuard[BatchNorm]:
    """Return whether the layer is a batch norm whose momentum is the default."""
    return isinstance(layer, BatchNorm) and layer.momentum == BatchNorm().momentum


def is_usual(layer: Leaf) -> TypeGuard[Norm]:
    """Return whether the layer is a norm whose epsilon is the default."""
    return isinstance(layer, Norm) and layer.epsilon == _USUAL[type(layer)]
