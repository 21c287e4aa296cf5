"""Bidirectional: two recurrent layers, one of which reads the sequence from its end."""

from typing import assert_never

from twinrun.contract.layers import Bidirectional, Gru, Lstm

from services.model.layers.parameter import Parameter, Shape
from services.model.layers.sequences import gru, lstm

WAYS = ("forward", "backward")


def output_shape(layer: Bidirectional, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    match layer.kind:
        case Lstm():
            time, units = lstm.output_shape(layer.kind, shape)
        case Gru():
            time, units = gru.output_shape(layer.kind, shape)
        case _:
            assert_never(layer.kind)
    return time, 2 * units


def parameters(layer: Bidirectional, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`. The order: all of the first layer, then the other."""
    match layer.kind:
        case Lstm():
            both = [lstm.parameters(layer.kind, f"{name}.{way}", shape) for way in WAYS]
        case Gru():
            both = [gru.parameters(layer.kind, f"{name}.{way}", shape) for way in WAYS]
        case _:
            assert_never(layer.kind)
    return [parameter for each in both for parameter in each]


def multiplications(layer: Bidirectional, shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    match layer.kind:
        case Lstm():
            return 2 * lstm.multiplications(layer.kind, shape)
        case Gru():
            return 2 * gru.multiplications(layer.kind, shape)
        case _:
            assert_never(layer.kind)
