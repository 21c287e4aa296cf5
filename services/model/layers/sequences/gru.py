"""Gru: a gated recurrent unit, its output at each position."""

from twinrun.contract.layers import Gru

from services.model.layers.parameter import Parameter, Shape
from services.model.layers.sequences.width import width

GATES = 3  # reset, update, new


def output_shape(layer: Gru, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    width(shape)
    return shape[0], layer.units


def parameters(layer: Gru, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    taken, units, made = width(shape), layer.units, GATES * layer.units
    of_bias = layer.bias_initializer
    found = [
        Parameter(f"{name}.kernel", (taken, made), layer.kernel_initializer, taken, made),
        Parameter(
            f"{name}.recurrent_kernel", (units, made), layer.recurrent_initializer, units, made
        ),
        Parameter(f"{name}.bias", (made,), of_bias, taken, made),
    ]
    if layer.reset_after:
        found.append(Parameter(f"{name}.recurrent_bias", (made,), of_bias, units, made))
    return found


def multiplications(layer: Gru, shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    return shape[0] * (shape[1] + layer.units) * GATES * layer.units
