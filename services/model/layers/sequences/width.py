"""The width of a sequence."""

from services.model.layers.parameter import Shape


def width(shape: Shape) -> int:
    """Return the width of a sequence [time, width]. Raises ValueError: it is none."""
    if len(shape) != 2:
        size = "x".join(map(str, shape))
        raise ValueError(f"takes a sequence [time, width], but gets {size}")
    return shape[1]
