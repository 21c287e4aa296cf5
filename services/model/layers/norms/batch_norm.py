"""BatchNorm: normalises each channel by mean and variance, of the batch or its moving ones."""

from twinrun.contract.layers import BatchNorm, Zeros

from services.model.layers.parameter import Ones, Parameter, Shape
from services.model.layers.plain import no_multiplications

multiplications = no_multiplications


def output_shape(_: BatchNorm, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`.

    Of a sequence, frameworks disagree which axis is the channels.
    """
    if len(shape) not in (1, 3):
        size = "x".join(map(str, shape))
        raise ValueError(f"takes images or a flat input, but gets {size}; put a flatten before it")
    return shape


def parameters(_: BatchNorm, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    channels = shape[-1:]
    return [
        Parameter(f"{name}.gamma", channels, Ones()),
        Parameter(f"{name}.beta", channels, Zeros()),
        Parameter(f"{name}.moving_mean", channels, Zeros(), trained=False),
        Parameter(f"{name}.moving_variance", channels, Ones(), trained=False),
    ]
