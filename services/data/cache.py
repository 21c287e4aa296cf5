"""The data directory: a dataset's files as they must be, shared by any number of processes."""

import errno
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from filelock import FileLock
from twinrun.contract import state_dir
from twinrun.contract.files import sha256, write_whole

from services.data.download import unpack
from services.data.source import AnyFile, AnySource, Progress, SourceFault, remedy, sha256_of
from services.errors import DataUnavailable, DiskFull, TwinrunError

_LOG = logging.getLogger(__name__)


def read(source: AnySource, folder: Path, progress: Progress) -> dict[AnyFile, bytes]:
    """Read the unpacked content of every file, its hash checked; fetch first what is not there.

    A process that finds the files complete takes no lock and writes nothing. Raises
    DataUnavailable where no origin has them or the folder cannot be used, DiskFull where they
    do not fit.
    """
    try:
        contents = _unpacked(source.files, folder)
        if len(contents) < len(source.files):
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / ".lock"):
                state_dir.sweep(folder)
                _fetch(source, folder, progress, contents)
    except OSError as error:
        raise _folder_fault(error, folder, source) from error
    return contents


def _unpacked(files: Iterable[AnyFile], folder: Path) -> dict[AnyFile, bytes]:
    """Read those files that lie there unpacked and have the right hash."""
    contents = {}
    for file in files:
        path = folder / file.name
        if path.exists():
            with path.open("rb") as stream:
                content = stream.read(file.size + 1)
            if sha256(content) == file.sha256:
                contents[file] = content
    return contents


def _fetch(
    source: AnySource, folder: Path, progress: Progress, contents: dict[AnyFile, bytes]
) -> None:
    """Add to ``contents`` what is missing, origin by origin, and lay it into the folder."""

    def missing() -> list[AnyFile]:
        return [file for file in source.files if file not in contents]

    contents.update(_unpacked(missing(), folder))  # another process may have held the lock
    faults = []
    for origin in (_Laid(), *source.origins):
        if not missing():
            return
        try:
            for file, content in origin.fetch(missing(), folder, progress):
                _check(file, content)
                write_whole(folder / file.name, content, private=False)
                contents[file] = content
        except SourceFault as fault:
            faults.append(f"{origin.name}: {fault}")
    if missing():
        names = ", ".join(file.name for file in missing())
        raise DataUnavailable(
            f"The dataset {folder.name} lacks {names}. Tried: {'; '.join(faults)}. "
            f"{remedy(missing(), folder)}",
            directory=str(folder),
        )


class _Laid:
    """The origin of what a user has laid into the folder."""

    name = "data directory"

    def fetch(
        self, files: Sequence[AnyFile], folder: Path, _progress: Progress
    ) -> Iterator[tuple[AnyFile, bytes]]:
        """Unpack what lies there packed. See `services.data.source.Origin`.

        What needs no unpacking was read already, or is wrong.
        """
        bad = []
        for file in files:
            unpacked, packed = folder / file.name, folder / file.packed_name
            if unpacked.exists():
                bad.append(_misfit(unpacked, (file.sha256,)))
            if packed == unpacked:
                continue
            if packed.exists() and sha256_of(packed) in file.packed_sha256:
                yield file, unpack(packed, file)
            elif packed.exists():
                bad.append(_misfit(packed, file.packed_sha256))
        if bad:
            raise SourceFault("; ".join(bad))

    def reach(self, file: AnyFile) -> None:
        """See `services.data.source.Origin`; what lies here is looked at, and not asked for."""
        raise SourceFault(f"{file.name} is not there")


def _misfit(path: Path, expected: Sequence[str]) -> str:
    fault = f"{path} has SHA-256 {sha256_of(path)}; it must be {' or '.join(expected)}"
    _LOG.warning("%s. It is not used, and fetched again.", fault)
    return fault


def _check(file: AnyFile, content: bytes) -> None:
    if sha256(content) != file.sha256:
        raise SourceFault(
            f"{file.name} has SHA-256 {sha256(content)} unpacked; it must be {file.sha256}"
        )


def _folder_fault(error: OSError, folder: Path, source: AnySource) -> TwinrunError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        needed = sum(file.size + file.packed_size for file in source.files)
        return DiskFull(
            f"No space is left in {folder}: the dataset needs {needed:,} bytes there. Free some, "
            "or name another directory with --data-dir.",
            directory=str(folder),
            needed_bytes=str(needed),
        )
    return DataUnavailable(
        f"The data directory {folder} cannot be used: {error}. Name one that can be written with "
        "--data-dir.",
        directory=str(folder),
    )
