"""Flatten: all values of a sample in one row, in the order [h, w, c]."""

import math

from twinrun.contract.layers import Flatten

from services.model.layers.parameter import Shape
from services.model.layers.plain import no_multiplications, no_parameters


def output_shape(_: Flatten, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    return (math.prod(shape),)


parameters = no_parameters
multiplications = no_multiplications
