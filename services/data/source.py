"""Words for where a dataset comes from: its files, and whoever has them."""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from twinrun.contract.events import DownloadProgress

from services.data import idx

Progress = Callable[[DownloadProgress], None]


class SourceFault(Exception):
    """One origin cannot give a file; another may."""


@dataclass(frozen=True, slots=True)
class File:
    """One IDX file of bytes. Sizes in bytes, SHA-256 in hexadecimal.

    ``packed_size`` is the largest of those that gzip made of it and that are in circulation.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str
    packed_size: int
    packed_sha256: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(idx.header(self.shape)) + math.prod(self.shape)

    @property
    def packed_name(self) -> str:
        return f"{self.name}.gz"


class Origin(Protocol):
    """Whoever may have a dataset's files."""

    @property
    def name(self) -> str:
        """For messages: a host, or what else it is."""

    def fetch(
        self, files: Sequence[File], folder: Path, progress: Progress
    ) -> Iterator[tuple[File, bytes]]:
        """Give files, unpacked, which the caller checks; scratch goes to ``folder``.

        Raises SourceFault where it cannot give one; OSError is the folder's alone.
        """

    def reach(self, file: File) -> None:
        """Ask whether it has the file, within seconds. Raises SourceFault if it does not say so."""


@dataclass(frozen=True, slots=True)
class Source:
    """A dataset's files, and the origins in the order in which they are asked."""

    train_images: File
    train_labels: File
    test_images: File
    test_labels: File
    origins: tuple[Origin, ...]

    @property
    def files(self) -> tuple[File, ...]:
        return self.train_images, self.train_labels, self.test_images, self.test_labels


def sha256_of(path: Path) -> str:
    """Hash a file, read piece by piece: SHA-256, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
