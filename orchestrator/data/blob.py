"""The blob that every runner gets: one safetensors file, named by its SHA-256."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_ALIGNMENT = 64  # bytes: arrays are mapped into memory as they are
_NAMES = {
    np.dtype("uint8"): "U8",
    np.dtype("int32"): "I32",
    np.dtype("float32"): "F32",
    np.dtype("float64"): "F64",
}
_NOT_WRITTEN = Phrase("The data cannot be written to {path}: {error}.")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file, the SHA-256 of its content (hexadecimal), and its size in bytes."""

    path: Path
    sha256: str
    size: int


def write(arrays: Mapping[str, NDArray[np.generic]], directory: Path) -> Blob:
    """Write the arrays to ``directory``, whole or not at all. Raises BadInput if it cannot.

    Types are uint8, int32, float32 and float64. The same arrays always give the same bytes, which
    are not written again.
    """
    table: dict[str, object] = {}
    offset = 0
    little = {}
    # Wide types first: then each array is aligned, as the format leaves no gaps between them.
    for name, array in sorted(arrays.items(), key=lambda each: (-each[1].itemsize, each[0])):
        little[name] = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        end = offset + array.nbytes
        kind = _NAMES[array.dtype.newbyteorder("=")]
        table[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [offset, end]}
        offset = end
    header = json.dumps(table, separators=(",", ":")).encode()
    header += b" " * (-(8 + len(header)) % _ALIGNMENT)
    parts: list[bytes | memoryview] = [
        len(header).to_bytes(8, "little"),
        header,
        *(array.data for array in little.values()),
    ]
    return _kept(parts, directory)


def write_bytes(content: bytes, directory: Path) -> Blob:
    """Write as `write`, but any content."""
    return _kept([content], directory)


def _kept(parts: Sequence[bytes | memoryview], directory: Path) -> Blob:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    path, size = directory / digest.hexdigest(), sum(memoryview(part).nbytes for part in parts)
    try:
        if not _is_whole(path, size):
            directory.mkdir(parents=True, exist_ok=True)
            _write_whole(path, parts)
        os.utime(path)  # when it was last used
    except OSError as error:
        raise BadInput(english(_NOT_WRITTEN, path=directory, error=error.strerror)) from None
    return Blob(path, path.name, size)


def _is_whole(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _write_whole(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write a file under its name only once it is whole. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in parts:
                file.write(part)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
