"""The files of a folder of images, for frameworks that read them by themselves."""

import io
from pathlib import Path

import numpy as np
import safetensors
from numpy.typing import NDArray
from PIL import Image
from twinrun.contract.images import suffix

from orchestrator.data.samples import Samples
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english

_MOST_BYTES = 2**31 - 1  # of a file, whose size is an int32
_NOT_READ = Phrase("{path} cannot be read: {error}.")


def packed(train: Samples, test: Samples) -> dict[str, NDArray[np.generic]]:
    """Return both splits' files as arrays of a blob, in the order of the samples.

    Nothing is returned unless all files are PNG or JPEG, which every framework reads. Raises
    BadInput.
    """
    made: dict[str, NDArray[np.generic]] = {}
    for name, split in (("train", train), ("test", test)):
        contents = [_content(file) for file in split.files]
        if not contents or not all(
            suffix(each[:8]) and len(each) <= _MOST_BYTES for each in contents
        ):
            return {}
        made[f"{name}_files"] = np.frombuffer(b"".join(contents), np.uint8)
        made[f"{name}_file_sizes"] = np.array([len(each) for each in contents], np.int32)
    return made


def read(blob: Path, count: int) -> list[tuple[NDArray[np.uint8], bool]]:
    """Return the first training files of a blob: uint8[h, w, 3], and whether each is a JPEG.

    Raises BadInput.
    """
    try:
        with safetensors.safe_open(blob, framework="np") as held:
            ends = np.cumsum(held.get_tensor("train_file_sizes")[:count], dtype=np.int64)
            content = held.get_slice("train_files")[: int(ends[-1])]
    except (OSError, safetensors.SafetensorError) as error:
        raise BadInput(english(_NOT_READ, path=blob, error=error)) from None
    found = []
    for each in np.split(content, ends[:-1]):
        data = each.tobytes()
        with Image.open(io.BytesIO(data)) as opened:
            found.append((np.asarray(opened.convert("RGB")), suffix(data[:8]) == ".jpg"))
    return found


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(english(_NOT_READ, path=file, error=error.strerror)) from None
