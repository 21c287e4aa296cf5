"""BatchNorm: normalises each channel by mean and variance, of the batch or its moving ones."""

from twinrun.contract.initializers import Zeros
from twinrun.contract.layers import BatchNorm

from services.model.layers.parameter import Ones, Parameter, Shape
from services.model.layers.plain import no_multiplications, same_shape

output_shape = same_shape
multiplications = no_multiplications


def parameters(_: BatchNorm, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    channels = shape[-1:]
    return [
        Parameter(f"{name}.gamma", channels, Ones()),
        Parameter(f"{name}.beta", channels, Zeros()),
        Parameter(f"{name}.moving_mean", channels, Zeros(), trained=False),
        Parameter(f"{name}.moving_variance", channels, Ones(), trained=False),
    ]
