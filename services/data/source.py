"""Words for where a dataset comes from: its files, and whoever has them."""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from twinrun.contract.events import DownloadProgress

from services.data.formats import idx

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


@dataclass(frozen=True, slots=True)
class Archive:
    """A packed archive, which is kept and read as it is. Otherwise as `File`."""

    name: str
    size: int
    sha256: str

    @property
    def packed_name(self) -> str:
        return self.name

    @property
    def packed_size(self) -> int:
        return self.size

    @property
    def packed_sha256(self) -> tuple[str, ...]:
        return (self.sha256,)


AnyFile = File | Archive


class Origin(Protocol):
    """Whoever may have a dataset's files."""

    @property
    def name(self) -> str:
        """For messages: a host, or what else it is."""

    def fetch(
        self, files: Sequence[AnyFile], folder: Path, progress: Progress
    ) -> Iterator[tuple[AnyFile, bytes]]:
        """Give files, archives as they are and others unpacked, which the caller checks.

        Scratch goes to ``folder``.

        Raises SourceFault where it cannot give one; OSError is the folder's alone.
        """

    def reach(self, file: AnyFile) -> None:
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


@dataclass(frozen=True, slots=True)
class Batches:
    """A dataset in one archive of batches, as CIFAR's; the origins as those of `Source`.

    ``train``, ``test``: the members of a split, each with its number of samples. ``labels``: the
    key of a batch's labels.
    """

    archive: Archive
    train: Mapping[str, int]
    test: Mapping[str, int]
    labels: str
    origins: tuple[Origin, ...]

    @property
    def files(self) -> tuple[Archive, ...]:
        return (self.archive,)


AnySource = Source | Batches


def remedy(files: Sequence[AnyFile], folder: Path) -> str:
    """Say what a user can do who lacks ``files``."""
    packed = any(isinstance(file, File) for file in files)
    them = "them, packed (.gz) or unpacked," if packed else "it, as it is published,"
    whose = "their" if packed else "its"
    return f"Go online, or lay {them} into {folder}: {whose} SHA-256 will be checked."


def sha256_of(path: Path) -> str:
    """Hash a file, read piece by piece: SHA-256, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
