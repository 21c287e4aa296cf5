"""GroupNorm: normalises groups of an image's channels by their own mean and variance."""

from twinrun.contract.initializers import Zeros
from twinrun.contract.layers import GroupNorm

from services.model.layers.parameter import Ones, Parameter, Shape
from services.model.layers.plain import no_multiplications

multiplications = no_multiplications


def output_shape(layer: GroupNorm, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    if len(shape) != 3:
        size = "x".join(map(str, shape))
        raise ValueError(f"takes images, but gets {size}; take a layer_norm")
    if shape[-1] % layer.groups:
        raise ValueError(f"has {layer.groups} groups, which do not divide {shape[-1]} channels")
    return shape


def parameters(_: GroupNorm, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    channels = shape[-1:]
    gamma = Parameter(f"{name}.gamma", channels, Ones())
    return [gamma, Parameter(f"{name}.beta", channels, Zeros())]
