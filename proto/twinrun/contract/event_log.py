"""A job's events in a file: one JobEvent a line, in proto's JSON mapping."""

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from google.protobuf import json_format

from twinrun.v1.job_pb2 import JobEvent


class EventFile:
    """Appends events from one thread; overwrites a partial line that a killed process left.

    ``size``: bytes of its whole lines; ``lines``: their number.
    """

    def __init__(self, path: Path) -> None:
        """Continue after the events in the file. Raises OSError."""
        self.path = path
        self.size = self.lines = 0
        for line in whole_lines(path):
            self.size += len(line)
            self.lines += 1

    def append(self, event: JobEvent, *, durable: bool = False) -> None:
        """Hand the event to the operating system. Raises OSError.

        ``durable``: return once it is on the disk, together with everything before it.
        """
        text = json_format.MessageToJson(
            event, indent=None, preserving_proto_field_name=True, ensure_ascii=False
        )
        line = text.encode() + b"\n"
        with self.path.open("r+b", buffering=0) as file:
            file.seek(self.size)  # over a partial line, if the disk was full
            _write_all(file, line)
            file.truncate()
            if durable:
                os.fsync(file.fileno())
        self.size += len(line)
        self.lines += 1

    def cut(self, lines: int) -> None:
        """Keep only this many lines. Raises OSError."""
        with self.path.open("r+b") as file:
            for _ in range(lines):
                file.readline()
            self.size, self.lines = file.tell(), lines
            file.truncate(self.size)


def whole_lines(path: Path, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the lines of a file from byte ``start`` to ``end``, except a line without its end.

    Raises OSError.
    """
    with path.open("rb") as file:  # reopened, since a buffer may hold a partial line
        file.seek(start)
        while (end is None or start < end) and (line := file.readline()).endswith(b"\n"):
            start += len(line)
            yield line


def parse_event(line: bytes, *, ignore_unknown_fields: bool = False) -> JobEvent:
    """Read a line. Raises ValueError if it is not an event.

    ``ignore_unknown_fields``: drop fields that a later version has added.
    """
    try:
        return json_format.Parse(line, JobEvent(), ignore_unknown_fields=ignore_unknown_fields)
    except json_format.ParseError as error:
        raise ValueError(str(error)) from error


def _write_all(file: FileIO, content: bytes) -> None:
    while content:  # a disk that becomes full writes a part before it fails
        content = content[file.write(content) :]
