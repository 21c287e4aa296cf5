"""What of a model each framework's own ways can touch."""

from typing import TypeGuard

from twinrun.contract.layers import Conv1d, Conv2d, Dense, Embedding, Leaf

_DRAWN = (Dense, Conv1d, Conv2d)
_FIELDS = ("kernel_initializer", "bias_initializer")


def has_own_zeros(layer: Leaf) -> TypeGuard[Conv1d | Conv2d]:
    """Return whether a convolution is `same`, with a stride and a window of odd reach.

    Only then can there be as many zeros before as after, for the same output.
    """
    if not isinstance(layer, Conv1d | Conv2d) or not layer.same:
        return False
    in_2d = (layer.size_2d, layer.stride_2d) if isinstance(layer, Conv2d) else ((), ())
    sizes, strides = in_2d[0] or (layer.size,), in_2d[1] or (layer.stride,)
    return max(strides) > 1 and not any((size - 1) * layer.dilation % 2 for size in sizes)


def is_drawn(layer: Leaf) -> TypeGuard[Dense | Conv1d | Conv2d | Embedding]:
    """Return whether the layer has an initialiser that is the default here."""
    if isinstance(layer, Embedding):
        return layer.table_initializer == Embedding(1, 1).table_initializer
    if not isinstance(layer, _DRAWN):
        return False
    usual = Dense(1)
    return any(getattr(layer, name) == getattr(usual, name) for name in _FIELDS)
