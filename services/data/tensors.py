"""A safetensors file, its arrays mapped into memory: nothing is read before it is used."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.errors import DataUnavailable

_DTYPES = {"U8": "<u1", "I32": "<i4", "F32": "<f4", "F64": "<f8"}
_MOST_HEADER_BYTES = 2**20


def mapped(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the file's arrays, read-only. Raises DataUnavailable: it is no such file."""
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
            found[name] = np.memmap(path, dtype, "r", 8 + length + start, shape)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataUnavailable(f"{path} is not a file of arrays: {error}.") from error
    return found
