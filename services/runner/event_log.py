"""The log of a job's events, numbered, dated and followed by any number of readers."""

import os
from collections.abc import Iterator
from pathlib import Path

from twinrun.contract.event_log import EventFile, parse_event, whole_lines
from twinrun.contract.state_dir import opened
from twinrun.v1.job_pb2 import JobEvent


class EventLog:
    """Appends from one thread, reads from any. The line number is the sequence number."""

    def __init__(self, path: Path) -> None:
        """Continue after the existing events, except a partial line that a killed process left."""
        os.close(opened(path, os.O_RDWR | os.O_CREAT))
        self._file = EventFile(path)
        self.path = path

    @property
    def last_sequence(self) -> int:
        return self._file.lines

    @property
    def size(self) -> int:
        """Bytes of whole lines: anything beyond may be a partial line."""
        return self._file.size

    def append(self, event: JobEvent, *, durable: bool = False) -> None:
        """Write the event with its number and date, as `EventFile` does. Raises OSError."""
        event.sequence = self.last_sequence + 1
        event.event_time.GetCurrentTime()
        self._file.append(event, durable=durable)

    def reader(self, after: int) -> "LogReader":
        """Return a reader of the events later than ``after``."""
        return LogReader(self, after)

    def cut(self, last: int) -> None:
        """Drop events later than ``last``. Raises OSError."""
        self._file.cut(last)


class LogReader:
    """Follows a log."""

    def __init__(self, log: EventLog, after: int) -> None:
        self._log = log
        self._after = after
        self._offset = 0
        self._sequence = 0

    def read(self) -> Iterator[JobEvent]:
        """Yield the events appended since the last call. Raises ValueError for an invalid event."""
        for line in whole_lines(self._log.path, self._offset, self._log.size):
            self._offset += len(line)
            self._sequence += 1
            if self._sequence > self._after:
                yield _numbered(line, self._sequence)


def _numbered(line: bytes, sequence: int) -> JobEvent:
    event = parse_event(line)
    if event.sequence != sequence:
        raise ValueError(f"line {sequence} holds the event {event.sequence}")
    return event
