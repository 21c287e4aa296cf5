"""A job's numbered events in a file: one JobEvent a line, in proto's JSON mapping."""

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from google.protobuf import json_format
from twinrun.v1.job_pb2 import JobEvent


class EventLog:
    """Appends from one thread, reads from any. The line number is the sequence."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.last_sequence = _drop_half_written(path)

    def append(self, event: JobEvent) -> None:
        """Number the event, date it, and hand it to the operating system. Raises OSError."""
        event.sequence = self.last_sequence + 1
        event.event_time.GetCurrentTime()
        line = json_format.MessageToJson(event, indent=None, preserving_proto_field_name=True)
        with self._path.open("ab", buffering=0) as file:
            start = file.tell()
            try:
                _write_all(file, line.encode() + b"\n")
            except OSError:
                os.truncate(self._path, start)  # a half line would hide what follows
                raise
        self.last_sequence = event.sequence

    def reader(self, after: int) -> "LogReader":
        """A reader of what is later than ``after``."""
        return LogReader(self._path, after)


class LogReader:
    """Follows a log; a context manager."""

    def __init__(self, path: Path, after: int) -> None:
        self._after = after
        self._sequence = 0
        self._file = path.open("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self) -> Iterator[JobEvent]:
        """What has been appended since the last call."""
        while (line := self._file.readline()).endswith(b"\n"):
            self._sequence += 1
            if self._sequence > self._after:
                yield json_format.Parse(line, JobEvent())
        self._file.seek(-len(line), os.SEEK_CUR)  # half a line is read again when it is whole


def _write_all(file: FileIO, content: bytes) -> None:
    while content:  # a disk that runs full takes a part before it refuses
        content = content[file.write(content) :]


def _drop_half_written(path: Path) -> int:
    """Cut off what a killed process left of its last line; return the number of whole lines."""
    path.touch()
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
    return content.count(b"\n")
