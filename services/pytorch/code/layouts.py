"""How the axes of a model's tensors stand: followed from call to call, since nothing else says it.

PyTorch's images are [batch, c, h, w], its sequences [batch, length, c] or [length, batch, c], and a
flattened image has its values in the order [c, h, w]. Canonical are [batch, ..., channels].
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType

import torch

_NAME = "_twinrun_layout"  # an attribute of tensors
_SIZES = (2, 3, 5, 7, 11, 13, 17, 19)  # that tell the axes of a tensor from each other
_PERMUTING = {
    *("permute", "transpose", "transpose_", "swapaxes", "swapdims", "movedim", "moveaxis", "t"),
    *("adjoint", "__get__"),  # x.T, x.mT
}
_MIXING = {
    *("matmul", "__matmul__", "__rmatmul__", "bmm", "mm", "einsum", "baddbmm", "tensordot"),
    *("scaled_dot_product_attention", "outer", "stack"),
}
RESHAPING = {"view", "reshape", "flatten", "unflatten", "view_as", "reshape_as"}
_WINDOWS = ("conv", "max_pool", "avg_pool", "adaptive", "interpolate", "upsample", "pixel_")
# Of arguments: most, which are told apart first.
_NONE, _LISTS = (int, float, str, NoneType), (list, tuple)
_NORMS = {"batch_norm", "instance_norm", "group_norm"}


@dataclass(frozen=True, slots=True)
class Layout:
    """The axes in canonical order, and the shape [c, ...] of an image that the last one holds.

    ``makers``: the ids of the parameters of the dense layer that made it.
    """

    order: tuple[int, ...]
    image: tuple[int, ...] = ()
    makers: tuple[int, ...] = ()


@cache
def plain(axes: int) -> Layout:
    """Return the layout of a tensor that is canonical as it is."""
    return Layout(tuple(range(axes)))


@cache
def channels_first(axes: int) -> Layout:
    """Return the layout [batch, channels, ...]."""
    return Layout((0, *range(2, axes), 1))


def of(tensor: torch.Tensor) -> Layout:
    """Return a tensor's layout."""
    found: Layout | None = getattr(tensor, _NAME, None)
    return found if found and len(found.order) == tensor.ndim else plain(tensor.ndim)


def put(tensor: torch.Tensor, layout: Layout) -> None:
    """Set a tensor's layout."""
    setattr(tensor, _NAME, layout)


def canonical(tensor: torch.Tensor, layout: Layout, samples: int) -> torch.Tensor:
    """Return the tensor as [samples, ..., channels].

    An axis that holds heads or the like together with samples becomes two.
    """
    made = tensor if layout.order == plain(tensor.ndim).order else tensor.permute(layout.order)
    if layout.image:
        made = made.unflatten(-1, layout.image).movedim(-len(layout.image), -1)
        made = made.flatten(-len(layout.image))
    if made.ndim > 2 and made.shape[0] != samples and made.shape[0] % samples == 0:
        made = made.unflatten(0, (samples, -1))
    return made


def canonical_shape(shape: Sequence[int], layout: Layout, samples: int) -> tuple[int, ...]:
    """Return the shape of what `canonical` makes of a tensor of this shape."""
    made = tuple([shape[axis] for axis in layout.order])
    if len(made) > 2 and made[0] != samples and made[0] % samples == 0:
        return samples, made[0] // samples, *made[1:]
    return made


def own(made: torch.Tensor, layout: Layout, shape: Sequence[int]) -> torch.Tensor:
    """Return what `canonical` makes ``made`` of, with its own ``shape``."""
    made = made.reshape([shape[axis] for axis in layout.order])
    if layout.image:
        channels, *places = layout.image
        made = made.unflatten(-1, (*places, channels)).movedim(-1, -len(layout.image))
        made = made.flatten(-len(layout.image))
    return made.permute([layout.order.index(axis) for axis in range(len(shape))])


def tensors(*values: object) -> list[torch.Tensor]:
    """Return the tensors among arguments or results, in order."""
    found = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, _NONE):
            continue
        elif isinstance(value, _LISTS):
            found += tensors(*value)
        elif isinstance(value, Mapping):
            found += tensors(*value.values())
    return found


def follow(
    function: Callable[..., object],
    given: Sequence[torch.Tensor],
    args: Sequence[object],
    kwargs: Mapping[str, object],
    made: object,
) -> None:
    """Set the layouts of what a function has ``made`` from the tensors ``given``."""
    for tensor in (made,) if isinstance(made, torch.Tensor) else tensors(made):
        put(tensor, _after(function, given, args, kwargs, tensor))


def _after(
    function: Callable[..., object],
    given: Sequence[torch.Tensor],
    args: Sequence[object],
    kwargs: Mapping[str, object],
    made: torch.Tensor,
) -> Layout:
    name, source, axes = function.__name__, given[0], made.ndim
    before = of(source)
    if name in _PERMUTING:
        return _permuted(function, source, args, kwargs, made)
    if name == "embedding":
        return Layout((*before.order, axes - 1)) if axes == source.ndim + 1 else plain(axes)
    if name in _MIXING:
        return plain(axes)
    if axes > 2 and (name.startswith(_WINDOWS) or name in _NORMS):
        return channels_first(axes)
    if name in RESHAPING and made.shape != source.shape:
        return _reshaped(source, before, made)
    if name == "linear":
        last = before.order[-1:] == (axes - 1,)
        return Layout(before.order) if last and not before.image else plain(axes)
    return _kept(given, made)


def _permuted(
    function: Callable[..., object],
    source: torch.Tensor,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    made: torch.Tensor,
) -> Layout:
    """Find the permutation by that of a tensor whose axes have different sizes."""
    before = of(source)
    if made.ndim != source.ndim or not args:
        return plain(made.ndim)
    probe = torch.empty(_SIZES[: source.ndim], device="meta")
    moved = function(probe, *args[1:], **kwargs)
    if not isinstance(moved, torch.Tensor):
        return before
    sizes = tuple(moved.shape)
    return Layout(tuple(sizes.index(_SIZES[axis]) for axis in before.order), before.image)


def _reshaped(source: torch.Tensor, before: Layout, made: torch.Tensor) -> Layout:
    old, new = tuple(source.shape), tuple(made.shape)
    is_image = source.ndim > 2 and before == channels_first(source.ndim)
    if is_image and new == (old[0], math.prod(old[1:])):
        return Layout((0, 1), old[1:] if old[1] > 1 and math.prod(old[2:]) > 1 else ())
    if made.ndim > 2 and ((is_image and new[:2] == old[:2]) or before.image == new[1:]):
        return channels_first(made.ndim)
    if source.ndim == 2 and made.ndim == 4:  # what makes images makes PyTorch's own
        return channels_first(4)
    return plain(made.ndim)


def _kept(given: Sequence[torch.Tensor], made: torch.Tensor) -> Layout:
    """Return the layout of the first argument that has one, for what has as many axes."""
    usual = plain(made.ndim)
    for tensor in given:
        found = of(tensor)
        if found is not usual and tensor.ndim == made.ndim and found != usual:
            same = tensor.shape[found.order[-1]] == made.shape[found.order[-1]]
            return found if same else Layout(found.order)
    return usual
