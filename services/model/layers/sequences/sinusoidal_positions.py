"""SinusoidalPositions: sines and cosines of the position are added."""

from twinrun.contract.layers import SinusoidalPositions

from services.model.layers.parameter import Shape
from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.sequences.width import width

parameters = no_parameters
multiplications = no_multiplications


def output_shape(_: SinusoidalPositions, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    return shape[0], width(shape)
