"""What most kinds have in common: the shape stays, there is no parameter, and no product."""

from services.model.layers.parameter import Parameter, Shape


def same_shape(_: object, shape: Shape) -> Shape:
    """Return ``shape``: each value becomes one value."""
    return shape


def no_parameters(*_: object) -> list[Parameter]:
    """Return none."""
    return []


def no_multiplications(*_: object) -> int:
    """Return 0: what is no product is small beside those that are."""
    return 0
