"""A safetensors file, its arrays mapped into memory: nothing is read before it is used."""

import json
import math
import mmap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.errors import DataUnavailable

_DTYPES = {"U8": "<u1", "I32": "<i4", "F32": "<f4", "F64": "<f8"}
ALIGNMENT = 64  # bytes: frameworks share an array that is aligned so, and copy others
_MOST_HEADER_BYTES = 2**20


def empty(shape: tuple[int, ...], dtype: np.dtype[np.floating]) -> NDArray[np.floating]:
    """Return an aligned array whose values are not set."""
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


def release(array: NDArray[np.generic]) -> None:
    """Let the memory go that a file's array takes after it was read; it is read again if needed."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on every system
        base.madvise(mmap.MADV_DONTNEED)


def mapped(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the file's arrays. Raises DataUnavailable: it is no such file.

    Frameworks take only writable arrays without a copy; what is written stays in this process.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > _MOST_HEADER_BYTES:
                raise ValueError(f"its header has {length} bytes")  # noqa: TRY301 - as the rest
            table = json.loads(file.read(length))
        found: dict[str, NDArray[np.generic]] = {}
        for name, entry in table.items():
            start, end = entry["data_offsets"]
            dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), tuple(entry["shape"])
            if end - start != dtype.itemsize * int(np.prod(shape, dtype=np.int64)):
                raise ValueError(f"{name} has {end - start} bytes")  # noqa: TRY301 - as the rest
            found[name] = np.memmap(path, dtype, "c", 8 + length + start, shape)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataUnavailable(f"{path} is not a file of arrays: {error}.") from error
    return found
