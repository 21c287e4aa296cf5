"""The archive of the user's code: each side's file, and the local modules that it imports."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from modulefinder import ModuleFinder
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator.data import blob
from orchestrator.errors import BadInput
from orchestrator.frameworks import taking_code
from orchestrator.language.phrases import Phrase, english

_NO_FILE = Phrase("The code of {framework}, {path}, is not a file that can be read: {error}.")
_NOT_PYTHON = Phrase("The code of {framework}, {path}, is not Python: {error} (line {line}).")
_MOST_FILES, _MOST_BYTES = 2_000, 100 * 10**6
_TOO_MUCH = Phrase(
    "The code of {framework} and what it imports beside it are {count} files of {size:,} bytes; at "
    "most {most} and {bytes:,} are sent. Move it into a folder of its own."
)
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same files always make the same archive


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of a framework's code, by its path beside the source, and its size in bytes."""

    framework: str
    name: str
    size: int


def prepare(spec: job_pb2.JobSpec, directory: Path) -> Sequence[Sent]:
    """Write the code's archive to ``directory``, and name it in the spec; return what is in it.

    Each framework's files are in a folder of its name, as they are beside its source. Raises
    BadInput.
    """
    sent, buffer = list[Sent](), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for framework in taking_code():
            if not spec.code.HasField(framework):
                continue
            source = Path(getattr(spec.code, framework).file)
            for path in _files(framework, source):
                name = path.relative_to(source.parent).as_posix()
                content = path.read_bytes()
                archive.writestr(zipfile.ZipInfo(f"{framework}/{name}", _LONG_AGO), content)
                sent.append(Sent(framework, name, len(content)))
    stored = blob.write_bytes(buffer.getvalue(), directory)
    spec.code.files.CopyFrom(job_pb2.StoredFile(sha256=stored.sha256, size_bytes=stored.size))
    return sent


def _files(framework: str, source: Path) -> list[Path]:
    """Return the source, and what it imports from its own folder. Nothing of it is executed."""
    try:
        with source.open("rb"):
            pass
    except OSError as error:
        names = {"framework": framework, "path": source}
        raise BadInput(english(_NO_FILE, **names, error=error.strerror)) from None
    finder = ModuleFinder([str(source.parent)])
    try:
        finder.run_script(str(source))
    except SyntaxError as error:
        names = {"framework": framework, "path": error.filename or source}
        raise BadInput(english(_NOT_PYTHON, **names, error=error.msg, line=error.lineno)) from None
    found = sorted({source, *_beside(finder, source.parent)})
    size = sum(path.stat().st_size for path in found)
    if len(found) > _MOST_FILES or size > _MOST_BYTES:
        what = {"framework": framework, "count": len(found), "size": size}
        raise BadInput(english(_TOO_MUCH, **what, most=_MOST_FILES, bytes=_MOST_BYTES))
    return found


def _beside(finder: ModuleFinder, folder: Path) -> Iterator[Path]:
    for module in finder.modules.values():
        file = getattr(module, "__file__", None)  # built-in modules have none
        if file and Path(file).is_relative_to(folder):
            yield Path(file)
