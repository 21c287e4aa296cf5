"""LayerNorm: normalises the values of the last axis by their own mean and variance."""

from twinrun.contract.initializers import Zeros
from twinrun.contract.layers import LayerNorm, RmsNorm

from services.model.layers.parameter import Ones, Parameter, Shape
from services.model.layers.plain import no_multiplications

multiplications = no_multiplications


def output_shape(_: LayerNorm | RmsNorm, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    if len(shape) > 2:
        size = "x".join(map(str, shape))
        raise ValueError(
            f"takes sequences or a flat input, but gets {size}; of images take a group_norm"
        )
    return shape


def parameters(_: LayerNorm, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    values = shape[-1:]
    return [Parameter(f"{name}.gamma", values, Ones()), Parameter(f"{name}.beta", values, Zeros())]
