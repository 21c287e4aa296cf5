"""A job's numbered events in a file: one JobEvent a line, in proto's JSON mapping."""

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from google.protobuf import json_format
from twinrun.contract.state_dir import opened
from twinrun.v1.job_pb2 import JobEvent

_BLOCK_BYTES = 2**20


class EventLog:
    """Appends from one thread, reads from any. The line number is the sequence."""

    def __init__(self, path: Path) -> None:
        """Go on with what is there, but for half a line that a killed process left."""
        os.close(opened(path, os.O_RDWR | os.O_CREAT))
        self.path = path
        self.size, self.last_sequence = _whole_lines(path)

    def append(self, event: JobEvent, *, durable: bool = False) -> None:
        """Number the event, date it, and hand it to the operating system. Raises OSError.

        ``durable``: return when it lies on the disk, and with it all that came before.
        """
        event.sequence = self.last_sequence + 1
        event.event_time.GetCurrentTime()
        text = json_format.MessageToJson(event, indent=None, preserving_proto_field_name=True)
        line = text.encode() + b"\n"
        with self.path.open("r+b", buffering=0) as file:
            file.seek(self.size)  # over half a line, where the disk had no room for all of it
            _write_all(file, line)
            file.truncate()
            if durable:
                os.fsync(file.fileno())
        self.size += len(line)
        self.last_sequence = event.sequence

    def reader(self, after: int) -> "LogReader":
        """A reader of what is later than ``after``."""
        return LogReader(self, after)

    def cut(self, last: int) -> None:
        """Drop what is later than ``last``. Raises OSError."""
        with self.path.open("r+b") as file:
            for _ in range(last):
                file.readline()
            self.size, self.last_sequence = file.tell(), last
            file.truncate(self.size)


class LogReader:
    """Follows a log."""

    def __init__(self, log: EventLog, after: int) -> None:
        self._log = log
        self._after = after
        self._offset = 0
        self._sequence = 0

    def read(self) -> Iterator[JobEvent]:
        """What has been appended since the last call. Raises ValueError for what is no event."""
        end = self._log.size  # what lies beyond may be half written
        with self._log.path.open("rb") as file:  # anew, since a buffer may hold half a line
            file.seek(self._offset)
            while self._offset < end and (line := file.readline()):
                self._offset += len(line)
                self._sequence += 1
                if self._sequence > self._after:
                    yield _parse(line, self._sequence)


def _parse(line: bytes, sequence: int) -> JobEvent:
    try:
        event = json_format.Parse(line, JobEvent())
    except json_format.ParseError as error:
        raise ValueError(str(error)) from error
    if event.sequence != sequence:
        raise ValueError(f"line {sequence} holds the event {event.sequence}")
    return event


def _write_all(file: FileIO, content: bytes) -> None:
    while content:  # a disk that runs full takes a part before it refuses
        content = content[file.write(content) :]


def _whole_lines(path: Path) -> tuple[int, int]:
    """The bytes up to the end of the last whole line, and the number of lines in them."""
    size = lines = seen = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            if (newline := block.rfind(b"\n")) >= 0:
                size = seen + newline + 1
                lines += block.count(b"\n")
            seen += len(block)
    return size, lines
