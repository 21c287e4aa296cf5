"""The common case of most kinds: same shape, no parameters, no products."""

from services.model.layers.parameter import Parameter, Shape


def same_shape(_: object, shape: Shape) -> Shape:
    """Return ``shape``: each value becomes one value."""
    return shape


def no_parameters(*_: object) -> list[Parameter]:
    """Return an empty list."""
    return []


def no_multiplications(*_: object) -> int:
    """Return 0: everything except products is negligible."""
    return 0
