"""Files that are written whole or not at all, and messages read from them. Errors name the file."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message
from twinrun.contract import files
from twinrun.contract.converters.specs import current_job
from twinrun.v1 import job_pb2

from orchestrator.errors import OutputError, RunNotFound, RunUnreadable
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.trials.mappings import values
from orchestrator.trials.mappings.faults import Fault, shown
from orchestrator.trials.spec import message_of
from orchestrator.trials.text import cleaned_json

_NOT_WRITTEN = Phrase(
    "Cannot write {path}: {why}. Free space or allow access there, or name another "
    "place with --output."
)
_NOT_READ = Phrase("Cannot read {path}: {why}.")
_NOT_JSON = Phrase("{path} is not JSON: {error}. Restore the file, or make the run again.")
_NOT_AN_OBJECT = Phrase(
    "{path} is {value}, but should be an object. Restore the file, or make the run again."
)
_NO_NUMBER = Phrase("{value} is no number in JSON")
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
    content = read(path)
    try:
        return cleaned_json(json.loads(content, parse_constant=_no_number))
    except (ValueError, RecursionError) as error:
        raise RunUnreadable(english(_NOT_JSON, path=path, error=error)) from error


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object, as `read_json`. Raises RunUnreadable."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise RunUnreadable(english(_NOT_AN_OBJECT, path=path, value=shown(found)))
    return found


@contextmanager
def noting(damages: list[Sentence] | None) -> Iterator[None]:
    """Note in ``damages`` what could not be read in the block, so that the rest can be shown.

    Without them a RunUnreadable, or a RunNotFound of a trial without weights, leaves the block.
    """
    try:
        yield
    except (RunUnreadable, RunNotFound) as error:
        if damages is None:
            raise
        damages.append(error.message)


def _no_number(value: str) -> None:
    """Refuse NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(english(_NO_NUMBER, value=value))


def parse(content: bytes, message: M, path: Path, line: int | None = None) -> M:
    """Fill ``message`` from its JSON mapping; fields that a later version added are ignored.

    Its numbers are checked. ``path`` and ``line`` are its location. Raises RunUnreadable.
    """
    try:
        found = json.loads(content, parse_constant=_no_number)
        if message.DESCRIPTOR is job_pb2.Job.DESCRIPTOR:
            found = current_job(found)
        values.check_fit(found, message.DESCRIPTOR)
        json_format.ParseDict(found, message, ignore_unknown_fields=True)
        values.check(message)
    except (json_format.ParseError, TypeError, ValueError, RecursionError, Fault) as error:
        where = path if line is None else english(_LINE, path=path, line=line)
        raise RunUnreadable(
            english(_NOT_A_MESSAGE, where=where, kind=message.DESCRIPTOR.name, error=error)
        ) from error
    return message


def claim(output: Path, name: str) -> Path:
    """Create the directory; if the name is taken, append -2, -3 ..."""
    number = 1
    while True:
        path = output / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def dumps(mapping: Mapping[str, object]) -> bytes:
    """Write JSON for a file; NaN and the infinities are an error."""
    return json.dumps(mapping, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def parse_job(path: Path) -> job_pb2.Job:
    """Read a job. Raises RunUnreadable, which names what a later version added to its spec."""
    job = parse(read(path), job_pb2.Job(), path)
    if job.HasField("spec"):
        job.spec.CopyFrom(message_of(read_json(path)["spec"], str(path)))
    return job
