"""RmsNorm: divides the values of the last axis by their root mean square."""

from twinrun.contract.layers import RmsNorm

from services.model.layers.norms import layer_norm
from services.model.layers.parameter import Ones, Parameter, Shape
from services.model.layers.plain import no_multiplications

output_shape = layer_norm.output_shape
multiplications = no_multiplications


def parameters(_: RmsNorm, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    return [Parameter(f"{name}.gamma", shape[-1:], Ones())]
