"""MultiHeadAttention: of a sequence to itself."""

from twinrun.contract.layers import MultiHeadAttention

from services.model.layers.parameter import Parameter, Shape
from services.model.layers.sequences.width import width

PARTS = ("query", "key", "value")


def size(layer: MultiHeadAttention, taken: int) -> int:
    """Return the size of a head, for an input ``taken`` wide.

    Raises ValueError: it would not be a whole number.
    """
    if taken % layer.heads:
        raise ValueError(f"has {layer.heads} heads, which do not divide the width {taken}")
    return taken // layer.heads


def output_shape(layer: MultiHeadAttention, shape: Shape) -> Shape:
    """Implement `services.model.layers.Kind`."""
    size(layer, width(shape))
    return shape


def parameters(layer: MultiHeadAttention, name: str, shape: Shape) -> list[Parameter]:
    """Implement `services.model.layers.Kind`. The order: all kernels and biases part by part."""
    taken = width(shape)
    head = layer.heads, size(layer, taken)
    kernels: list[tuple[str, Shape]] = [(part, (taken, *head)) for part in PARTS]
    found = []
    for part, kernel in [*kernels, ("output", (*head, taken))]:
        of_kernel, of_bias = layer.kernel_initializer, layer.bias_initializer
        found.append(Parameter(f"{name}.{part}_kernel", kernel, of_kernel, taken, taken))
        if layer.use_bias:
            found.append(Parameter(f"{name}.{part}_bias", (taken,), of_bias, taken, taken))
    return found


def multiplications(_: MultiHeadAttention, shape: Shape) -> int:
    """Implement `services.model.layers.Kind`."""
    time, taken = shape
    return 4 * time * taken * taken + 2 * time * time * taken
