"""Windows that slide over images."""

from services.model.layers.parameter import Shape


def windows(shape: Shape, size: int, stride: int, padding: int = 0) -> Shape:
    """Return how many windows fit, down and across. Raises ValueError if none does."""
    if len(shape) != 3:
        if len(shape) == 2:
            raise ValueError(f"takes images, but gets sequences, {shape[0]}x{shape[1]}")
        raise ValueError("takes images, but gets a flat input; put it before the flatten")
    found = tuple((side + 2 * padding - size) // stride + 1 for side in shape[:2])
    if min(found) < 1:
        height, width = (side + 2 * padding for side in shape[:2])
        raise ValueError(f"has a window of {size} pixels, but gets {height}x{width}")
    return found
