"""Files that are written whole or not at all, and messages read from them. Errors name the file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message
from twinrun.contract import files
from twinrun.v1 import job_pb2

from orchestrator.errors import OutputError, RunUnreadable
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.spec import message_of
from orchestrator.trials.text import cleaned_json

_NOT_WRITTEN = Phrase(
    "Cannot write {path}: {why}. Free space or allow access there, or name another "
    "place with --output."
)
_NOT_READ = Phrase("Cannot read {path}: {why}.")
_NOT_JSON = Phrase("{path} is not JSON: {error}. Make the run again.")
_LINE = Phrase("{path}, line {line},")
_NOT_A_MESSAGE = Phrase(
    "{where} is not a {kind} in JSON: {error}. Restore the file, or make the run again."
)

M = TypeVar("M", bound=Message)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError of the block into an OutputError that names ``path`` and the remedy."""
    try:
        yield
    except OSError as error:
        raise OutputError(english(_NOT_WRITTEN, path=path, why=error.strerror or error)) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds all of it, or the previous content.

    Raises OutputError.
    """
    with writing(path):
        path.parent.mkdir(exist_ok=True)
        files.write_whole(path, content, private=False)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a RunUnreadable that names ``path``."""
    try:
        yield
    except OSError as error:
        raise RunUnreadable(english(_NOT_READ, path=path, why=error.strerror or error)) from error


def read(path: Path) -> bytes:
    """Read a file. Raises RunUnreadable."""
    with reading(path):
        return path.read_bytes()


def read_json(path: Path) -> Any:
    """Read a JSON file, with its texts cleaned. Raises RunUnreadable."""
    try:
        return cleaned_json(json.loads(read(path)))
    except (ValueError, RecursionError) as error:
        raise RunUnreadable(english(_NOT_JSON, path=path, error=error)) from error


def parse(content: bytes, message: M, path: Path, line: int | None = None) -> M:
    """Fill ``message`` from its JSON mapping; fields that a later version added are ignored.

    ``path`` and ``line`` are its location. Raises RunUnreadable.
    """
    try:
        return json_format.Parse(content, message, ignore_unknown_fields=True)
    except (json_format.ParseError, UnicodeDecodeError) as error:
        where = path if line is None else english(_LINE, path=path, line=line)
        raise RunUnreadable(
            english(_NOT_A_MESSAGE, where=where, kind=message.DESCRIPTOR.name, error=error)
        ) from error


def parse_job(path: Path) -> job_pb2.Job:
    """Read a job. Raises RunUnreadable, which names what a later version added to its spec."""
    job = parse(read(path), job_pb2.Job(), path)
    if job.HasField("spec"):
        job.spec.CopyFrom(message_of(read_json(path)["spec"], str(path)))
    return job
