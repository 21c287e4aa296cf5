"""Files over HTTP: what broke off goes on where it ended, and nothing is unpacked unchecked."""

import gzip
import http.client
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from twinrun.contract.events import DownloadProgress

from services.data.source import AnyFile, Archive, Progress, SourceFault, sha256_of

_TIMEOUT_SECONDS = 5.0  # to connect, and for each read
_REACH_SECONDS = 2.0  # to connect, and for an answer
_CHUNK_BYTES = 1 << 16
_PROGRESS_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Mirror:
    """A web server that has the packed files below ``url``, which ends in a slash."""

    url: str

    @property
    def name(self) -> str:
        return urlsplit(self.url).netloc

    def fetch(
        self, files: Sequence[AnyFile], folder: Path, progress: Progress
    ) -> Iterator[tuple[AnyFile, bytes]]:
        """Keep what has arrived in ``folder`` as .part. See `services.data.source.Origin`."""
        for file in files:
            part = folder / f"{file.packed_name}.part"
            self._download(file, part, progress)
            yield file, unpack(part, file)
            part.unlink()

    def reach(self, file: AnyFile) -> None:
        """Ask for the file's size. See `services.data.source.Origin`."""
        url = self.url + file.packed_name
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - of `published` alone
        with _faults(), urllib.request.urlopen(request, timeout=_REACH_SECONDS):  # noqa: S310
            pass

    def _download(self, file: AnyFile, part: Path, progress: Progress) -> None:
        resumed = part.exists()
        if resumed and sha256_of(part) in file.packed_sha256:
            return
        self._go_on(file, part, progress)
        digest = sha256_of(part)
        if digest not in file.packed_sha256:
            part.unlink()
            if not resumed:
                raise SourceFault(
                    f"{file.packed_name} has SHA-256 {digest}, which is not the dataset's"
                )
            self._download(file, part, progress)  # the existing part may have been wrong

    def _go_on(self, file: AnyFile, part: Path, progress: Progress) -> None:
        """Receive up to the end that the server names, as often as that brings it further."""
        while True:
            before = _size(part)
            try:
                return self._receive(file, part, progress)
            except SourceFault:
                if _size(part) <= before:
                    raise

    def _receive(self, file: AnyFile, part: Path, progress: Progress) -> None:
        have = _size(part)
        response = _open(self.url + file.packed_name, have)
        if response is None:
            return
        with response:
            if response.status != http.client.PARTIAL_CONTENT:
                have = 0  # the server sends it whole
            total = have + response.length if response.length else 0
            due = time.monotonic()
            with part.open("ab" if have else "wb") as stream:
                for chunk in _chunks(response):
                    have += len(chunk)
                    stream.write(chunk)
                    if have > file.packed_size:
                        return  # the hash will not match
                    if time.monotonic() >= due:
                        progress(DownloadProgress(file.packed_name, self.name, have, total))
                        due = time.monotonic() + _PROGRESS_SECONDS
        if have < total:
            raise SourceFault(f"{file.packed_name} broke off after {have:,} of {total:,} bytes")
        progress(DownloadProgress(file.packed_name, self.name, have, total))


def _open(url: str, start: int) -> http.client.HTTPResponse | None:
    """Ask for the file from byte ``start`` on; None: the server has no more.

    A server may answer with the whole file.
    """
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - of `published` alone
    with _faults():
        try:
            response: http.client.HTTPResponse = urllib.request.urlopen(  # noqa: S310
                request, timeout=_TIMEOUT_SECONDS
            )
        except urllib.error.HTTPError as error:
            error.close()
            if start and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                return None
            raise
    return response


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while True:
        with _faults():
            chunk = response.read1(_CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


@contextmanager
def _faults() -> Iterator[None]:
    """Make the network's faults the origin's, so that every other OSError is the disk's."""
    try:
        yield
    except urllib.error.HTTPError as error:
        raise SourceFault(f"answered {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise SourceFault(str(reason) or type(reason).__name__) from error


def unpack(path: Path, file: AnyFile) -> bytes:
    """Unpack a gzip file, cut off at one byte more than ``file`` has; an archive stays packed.

    Raises SourceFault.
    """
    if isinstance(file, Archive):
        return path.read_bytes()
    try:
        with gzip.open(path) as packed:
            return packed.read(file.size + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceFault(f"{path.name} cannot be unpacked: {error}") from error


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
