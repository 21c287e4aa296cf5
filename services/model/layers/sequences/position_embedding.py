"""PositionEmbedding: each position's row of a table is added."""

from twinrun.contract.layers import PositionEmbedding

from services.model.layers.parameter import Parameter, Shape
from services.model.layers.plain import no_multiplications
from services.model.layers.sequences.width import width

multiplications = no_multiplications


def output_shape(_: PositionEmbedding, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    return shape[0], width(shape)


def parameters(layer: PositionEmbedding, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    time, made = shape
    return [Parameter(f"{name}.table", shape, layer.table_initializer, time, made)]
