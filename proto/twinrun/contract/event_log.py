"""A job's events in a file: one JobEvent a line, in proto's JSON mapping."""

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from google.protobuf import json_format

from twinrun.v1.job_pb2 import JobEvent


class EventFile:
    """Appends events from one thread; half a line that a killed process left is written over.

    ``size``: bytes of its whole lines; ``lines``: their number.
    """

    def __init__(self, path: Path) -> None:
        """Go on with what is there. Raises OSError."""
        self.path = path
        self.size = self.lines = 0
        for line in whole_lines(path):
            self.size += len(line)
            self.lines += 1

    def append(self, event: JobEvent, *, durable: bool = False) -> None:
        """Hand the event to the operating system. Raises OSError.

        ``durable``: return when it lies on the disk, and with it all that came before.
        """
        text = json_format.MessageToJson(
            event, indent=None, preserving_proto_field_name=True, ensure_ascii=False
        )
        line = text.encode() + b"\n"
        with self.path.open("r+b", buffering=0) as file:
            file.seek(self.size)  # over half a line, where the disk had no room for all of it
            _write_all(file, line)
            file.truncate()
            if durable:
                os.fsync(file.fileno())
        self.size += len(line)
        self.lines += 1

    def cut(self, lines: int) -> None:
        """Keep so many lines. Raises OSError."""
        with self.path.open("r+b") as file:
            for _ in range(lines):
                file.readline()
            self.size, self.lines = file.tell(), lines
            file.truncate(self.size)


def whole_lines(path: Path, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The lines of a file from the byte ``start`` to ``end``, but for one that has no end yet.

    Raises OSError.
    """
    with path.open("rb") as file:  # anew, since a buffer may hold half a line
        file.seek(start)
        while (end is None or start < end) and (line := file.readline()).endswith(b"\n"):
            start += len(line)
            yield line


def parse_event(line: bytes, *, ignore_unknown_fields: bool = False) -> JobEvent:
    """Read a line. Raises ValueError for what is no event.

    ``ignore_unknown_fields``: leave out what a later version has added.
    """
    try:
        return json_format.Parse(line, JobEvent(), ignore_unknown_fields=ignore_unknown_fields)
    except json_format.ParseError as error:
        raise ValueError(str(error)) from error


def _write_all(file: FileIO, content: bytes) -> None:
    while content:  # a disk that runs full takes a part before it refuses
        content = content[file.write(content) :]
