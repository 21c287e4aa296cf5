"""Pickles of arrays, of which nothing is run: a pickle of anything else is an error."""

import io
import pickle
from typing import ClassVar

import numpy as np


class _ArraysOnly(pickle.Unpickler):
    """Takes what the pickle of a NumPy array needs, and nothing else."""

    _ALLOWED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> object:
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in it") from None


def load(content: bytes) -> object:
    """Read arrays in containers, written by Python 2, whose strings were bytes.

    Raises ValueError: it is no pickle, or one of anything else.
    """
    try:
        found: object = _ArraysOnly(io.BytesIO(content), encoding="latin1").load()
    except Exception as error:  # a broken pickle can raise anything
        raise ValueError(f"it is no pickle of arrays: {error}") from error
    return found
