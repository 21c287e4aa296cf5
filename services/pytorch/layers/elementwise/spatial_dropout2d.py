"""SpatialDropout2d: in training, channels become 0 as drawn by NumPy."""

from torch import nn
from twinrun.contract.layers import SpatialDropout2d

from services.model.layers.parameter import Shape
from services.pytorch.layers.elementwise import dropout
from services.pytorch.layers.given import holds_nothing

held = holds_nothing
computed = dropout.computed  # whose mask has one row and one column


def idiomatic(layer: SpatialDropout2d, _: Shape) -> nn.Module:
    """Implement `services.pytorch.layers.Kind`."""
    return nn.Dropout2d(layer.rate)
