"""The events of a trial on disk: appended as they arrive, a line each."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from google.protobuf import json_format
from twinrun.v1 import job_pb2

from orchestrator.storage.files import parse, read, writing


class EventLog:
    """The events of one trial, written as they arrive. Raises OutputError where it cannot."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it; goes on after its last whole line."""
        self._path = path
        kept = list(read_events(path)) if path.exists() else []
        self.last_sequence = kept[-1].sequence if kept else 0
        with writing(path):
            path.parent.mkdir(exist_ok=True)
            self._file = path.open("ab")
            self._file.truncate(_whole_lines_end(path))

    def append(self, event: job_pb2.JobEvent) -> None:
        """Adds an event, unless it is one that is there already."""
        if event.sequence <= self.last_sequence:
            return
        line = json_format.MessageToJson(
            event, indent=None, preserving_proto_field_name=True, ensure_ascii=False
        )
        with writing(self._path):
            self._file.write(line.encode() + b"\n")
            self._file.flush()
        self.last_sequence = event.sequence

    def close(self) -> None:
        with writing(self._path):
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _whole_lines_end(path: Path) -> int:
    """Bytes up to and with the last line's end."""
    return path.read_bytes().rfind(b"\n") + 1


def read_events(path: Path) -> Iterator[job_pb2.JobEvent]:
    """The events that were written whole. Raises RunUnreadable."""
    *lines, _cut_off = read(path).split(b"\n")
    for number, line in enumerate(lines, start=1):
        yield parse(line, job_pb2.JobEvent(), path, number)
