"""CustomDense: a dense layer as a user would write it, with normally distributed initial values."""

from twinrun.contract.layers import CustomDense, Normal

from services.model.layers import dense
from services.model.layers.parameter import Parameter, Shape, kernel_and_bias

output_shape = dense.output_shape
multiplications = dense.multiplications


def parameters(layer: CustomDense, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`."""
    drawn = Normal(layer.stddev)
    return kernel_and_bias(name, (shape[0], layer.units), drawn, drawn)
