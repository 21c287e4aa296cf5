"""Gru: a loop over positions; the products with the input are one."""

import keras
import numpy as np
from numpy.typing import NDArray
from twinrun.contract.layers import Gru


class Reordered:
    """A variable of Keras's, whose gates are z, r, h, in the canonical order r, z, n.

    ``row``: which of its biases, if it has two.
    """

    def __init__(self, variable: keras.Variable, row: int | None = None) -> None:
        self._variable, self._row = variable, row

    def assign(self, array: NDArray[np.floating]) -> None:
        whole = self._variable.numpy().copy()
        whole[... if self._row is None else self._row] = _exchanged(array)
        self._variable.assign(whole)

    def numpy(self) -> NDArray[np.floating]:
        whole: NDArray[np.floating] = self._variable.numpy()
        return _exchanged(whole if self._row is None else whole[self._row])


def _exchanged(array: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the array [..., 3 * units] with the first two gates exchanged."""
    first, second, third = np.split(array, 3, axis=-1)
    return np.concatenate([second, first, third], axis=-1)


@keras.saving.register_keras_serializable("twinrun")
class Gates(keras.layers.GRU):  # type: ignore[misc] # Keras has no types
    """As users write it. Its arrays in canonical layout have names of their own.

    It is registered, because `Bidirectional` makes its two layers of what one would be saved as.
    """

    @property
    def of_input(self) -> Reordered:
        return Reordered(self.cell.kernel)

    @property
    def of_output(self) -> Reordered:
        return Reordered(self.cell.recurrent_kernel)

    @property
    def first_bias(self) -> Reordered:
        return Reordered(self.cell.bias, 0 if self.cell.reset_after else None)

    @property
    def second_bias(self) -> Reordered:
        return Reordered(self.cell.bias, 1)


def idiomatic(layer: Gru, dtype: str) -> list[keras.layers.Layer]:
    """Implement `services.keras.layers.Kind`."""
    made = Gates(layer.units, return_sequences=True, reset_after=layer.reset_after, dtype=dtype)
    return [made]
