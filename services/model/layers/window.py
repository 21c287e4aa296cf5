"""Windows that slide over images."""

from dataclasses import dataclass

from twinrun.contract.layers import Conv1d, Conv2d, Conv2dTranspose, ZeroPadding2d

from services.model.layers.parameter import Shape


@dataclass(frozen=True, slots=True)
class Axis:
    """A window along one axis of an image or a sequence, all in pixels or positions.

    ``before`` and ``after``: zeros.
    """

    size: int
    stride: int
    before: int
    after: int
    dilation: int = 1

    @property
    def reach(self) -> int:
        """Pixels from the first value of the window to the last one."""
        return (self.size - 1) * self.dilation + 1

    def padded(self, side: int) -> int:
        """Return the pixels of a ``side`` with the zeros."""
        return side + self.before + self.after

    def places(self, side: int) -> int:
        """Return how many windows fit along a ``side``; below 1: none does."""
        return (self.padded(side) - self.reach) // self.stride + 1

    def spread(self, side: int) -> int:
        """Return the pixels of the side that ``side`` windows cover: less the zeros."""
        return (side - 1) * self.stride + self.reach - self.before - self.after


def axes(layer: Conv2d, shape: Shape) -> tuple[Axis, Axis]:
    """Return the windows of a convolution of images of ``shape``, down and across."""
    sizes = layer.size_2d or (layer.size,) * 2
    strides = layer.stride_2d or (layer.stride,) * 2
    zeros = sides(layer)
    down, across = (
        _same(side, size, stride, layer.dilation)
        if layer.same
        else Axis(size, stride, before, after, layer.dilation)
        for side, size, stride, before, after in zip(
            shape[:2], sizes, strides, zeros[::2], zeros[1::2], strict=True
        )
    )
    return down, across


def along(layer: Conv1d, time: int) -> Axis:
    """Return the windows of a convolution of sequences of ``time`` positions."""
    if layer.same:
        return _same(time, layer.size, layer.stride, layer.dilation)
    before, after = layer.padding_1d or (layer.padding,) * 2
    return Axis(layer.size, layer.stride, before, after, layer.dilation)


def transposed(layer: Conv2dTranspose) -> tuple[Axis, Axis]:
    """Return the windows, down and across, of the convolution of which it is the gradient.

    Their ``before`` and ``after`` are cut off its output; below 0: there is more of it.
    """
    sizes = layer.size_2d or (layer.size,) * 2
    strides = layer.stride_2d or (layer.stride,) * 2
    down, across = (
        _cut(size, stride)
        if layer.same
        else Axis(size, stride, layer.padding, layer.padding - layer.output_padding)
        for size, stride in zip(sizes, strides, strict=True)
    )
    return down, across


def _cut(size: int, stride: int) -> Axis:
    """Return a window that makes ``stride`` pixels of each, with an odd one cut off after."""
    before = max(size - stride, 0) // 2
    return Axis(size, stride, before, size - stride - before)


def require_groups(layer: Conv1d | Conv2d, channels: int) -> None:
    """Raise ValueError unless the groups of a convolution divide its channels and filters."""
    if channels % layer.groups or layer.filters % layer.groups:
        raise ValueError(
            f"has {layer.groups} groups, which do not divide {channels} channels and "
            f"{layer.filters} filters"
        )


def sides(layer: Conv2d | ZeroPadding2d) -> tuple[int, ...]:
    """Return the zeros above, below, left and right that the layer names."""
    zeros = layer.padding_2d or (layer.padding,) * 2
    return zeros if len(zeros) == 4 else zeros * 2


def _same(side: int, size: int, stride: int, dilation: int) -> Axis:
    """Return a window that fits a ``stride``-th of the side, with an odd zero after it."""
    bare = Axis(size, stride, 0, 0, dilation)
    zeros = max((-(-side // stride) - 1) * stride + bare.reach - side, 0)
    return Axis(size, stride, zeros // 2, zeros - zeros // 2, dilation)


def places(shape: Shape, down: Axis, across: Axis) -> Shape:
    """Return how many windows fit, down and across. Raises ValueError if none does."""
    height, width, _ = shape
    found = down.places(height), across.places(width)
    if min(found) < 1:
        square = down.reach == across.reach
        window = str(down.reach) if square else f"{down.reach}x{across.reach}"
        raise ValueError(
            f"has a window of {window} pixels, but gets "
            f"{down.padded(height)}x{across.padded(width)}"
        )
    return found


def require_images(shape: Shape) -> None:
    """Raise ValueError unless a sample's ``shape`` is an image's."""
    if len(shape) == 2:
        raise ValueError(f"takes images, but gets sequences, {shape[0]}x{shape[1]}")
    if len(shape) != 3:
        raise ValueError("takes images, but gets a flat input; put it before the flatten")


def windows(shape: Shape, size: int, stride: int) -> Shape:
    """Return how many square windows fit, down and across. Raises ValueError if none does."""
    require_images(shape)
    axis = Axis(size, stride, 0, 0)
    return places(shape, axis, axis)
