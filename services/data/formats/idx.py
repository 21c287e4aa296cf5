"""The IDX format, of unsigned bytes: a magic number, one size for each dimension, the values."""

import struct

import numpy as np
from numpy.typing import NDArray

_UNSIGNED_BYTE = 0x08


def header(shape: tuple[int, ...]) -> bytes:
    """Compose what precedes the values of an array of ``shape``: big-endian, 4 bytes a number."""
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, _UNSIGNED_BYTE, len(shape), *shape)


def compose(array: NDArray[np.uint8]) -> bytes:
    """Compose an IDX file of the array."""
    return b"".join((header(array.shape), np.ascontiguousarray(array).data))


def parse(content: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read an array of ``shape``: a view, read-only. Raises ValueError where it is none."""
    expected = header(shape)
    if not content.startswith(expected):
        start = content[: len(expected)].hex(" ")
        raise ValueError(f"its header is {start}; it must be {expected.hex(' ')}")
    return np.frombuffer(content, np.uint8, offset=len(expected)).reshape(shape)
