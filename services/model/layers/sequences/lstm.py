"""Lstm: a long short-term memory, its output at each position."""

from twinrun.contract.layers import Lstm

from services.model.layers.parameter import Parameter, Shape
from services.model.layers.sequences.width import width

GATES = 4  # input, forget, new, output


def output_shape(layer: Lstm, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    width(shape)
    return shape[0], layer.units


def parameters(layer: Lstm, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    taken, units, made = width(shape), layer.units, GATES * layer.units
    return [
        Parameter(f"{name}.kernel", (taken, made), layer.kernel_initializer, taken, made),
        Parameter(
            f"{name}.recurrent_kernel", (units, made), layer.recurrent_initializer, units, made
        ),
        Parameter(f"{name}.bias", (made,), layer.bias_initializer, taken, made),
    ]


def multiplications(layer: Lstm, shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    return shape[0] * (shape[1] + layer.units) * GATES * layer.units
