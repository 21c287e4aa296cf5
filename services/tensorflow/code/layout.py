"""How activations are laid out, and how they would be canonically: channels last."""

from dataclasses import dataclass
from typing import TypeVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of an activation [batch, ...].

    ``first``: channels stand before the window. ``image``: what was flattened into a row, as it was
    laid out then.
    """

    first: bool = False
    image: tuple[int, ...] = ()

    def shape(self, own: tuple[int, ...]) -> tuple[int, ...]:
        """Return the canonical shape of a sample of shape ``own``."""
        return (*own[1:], own[0]) if self.first and not self.image and len(own) > 1 else own

    def canonical(self, array: NDArray[Number]) -> NDArray[Number]:
        """Return an activation [batch, ...] in its canonical layout."""
        if not self.first:
            return array
        if self.image:
            laid = array.reshape(-1, *self.image)
            return np.moveaxis(laid, 1, -1).reshape(array.shape)
        return np.moveaxis(array, 1, -1) if array.ndim > 2 else array

    def own(self, tensor: tf.Tensor) -> tf.Tensor:
        """Return what is canonical in this layout: the inverse of `canonical`."""
        if not self.first:
            return tensor
        if self.image:
            channels, *window = self.image
            laid = tf.reshape(tensor, [-1, *window, channels])
            return tf.reshape(_to_first(laid), tf.shape(tensor))
        return _to_first(tensor) if tensor.shape.rank > 2 else tensor


LAST = Layout()


def _to_first(tensor: tf.Tensor) -> tf.Tensor:
    rank = tensor.shape.rank
    return tf.transpose(tensor, [0, rank - 1, *range(1, rank - 1)])


def after(layer: keras.layers.Layer, taken: tf.Tensor, made: tf.Tensor, before: Layout) -> Layout:
    """Return the layout of what ``layer`` made of ``taken``, which was laid out as ``before``."""
    if isinstance(layer, keras.layers.Permute):
        rank = len(layer.dims)
        to_first = layer.dims == (rank, *range(1, rank))
        to_last = layer.dims == (*range(2, rank + 1), 1)
        return Layout(first=to_first or (before.first and not to_last))
    if made.shape.rank == 2 and taken.shape.rank > 3:
        pooled = made.shape[-1] != int(np.prod(taken.shape[1:]))
        return LAST if pooled else Layout(before.first, tuple(taken.shape[1:]))
    if made.shape.rank == 2 and before.image and made.shape[-1] != taken.shape[-1]:
        return LAST
    if isinstance(layer, keras.layers.Dense) and before.image:
        return LAST
    if made.shape.rank != taken.shape.rank:
        return LAST
    return before
