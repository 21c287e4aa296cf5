"""GlobalAveragePool1d: the mean over the positions of a sequence."""

from services.model.layers.parameter import Shape
from services.model.layers.plain import no_multiplications, no_parameters
from services.model.layers.sequences.width import width

parameters = no_parameters
multiplications = no_multiplications


def output_shape(_: object, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    return (width(shape),)
