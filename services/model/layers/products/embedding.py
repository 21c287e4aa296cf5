"""Embedding: each code's row of a table."""

from twinrun.contract.layers import Embedding

from services.model.layers.parameter import Parameter, Shape


def output_shape(layer: Embedding, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    if len(shape) != 1:
        size = "x".join(map(str, shape))
        raise ValueError(f"takes a sequence of codes, but gets {size}")
    return *shape, layer.width


def parameters(layer: Embedding, name: str, _: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    table = layer.codes, layer.width
    return [Parameter(f"{name}.table", table, layer.table_initializer, *table)]


def multiplications(_layer: Embedding, _shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    return 0
