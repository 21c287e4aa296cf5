"""The events of a trial on disk, stored as they arrive."""

from collections.abc import Iterator
from pathlib import Path

from twinrun.contract.event_log import EventFile, whole_lines
from twinrun.v1 import job_pb2

from orchestrator.storage.files import parse, reading, writing


class EventLog:
    """The events of one trial, written as they arrive. Raises OutputError if it cannot."""

    def __init__(self, path: Path) -> None:
        """Create the file if missing; continue after its last whole line."""
        with writing(path):
            path.parent.mkdir(exist_ok=True)
            path.touch()
            self._file = EventFile(path)
        kept = list(read_events(path))
        self.last_sequence = kept[-1].sequence if kept else 0

    def append(self, event: job_pb2.JobEvent) -> None:
        """Add an event, unless it is already there."""
        if event.sequence <= self.last_sequence:
            return
        with writing(self._file.path):
            self._file.append(event)
        self.last_sequence = event.sequence


def read_events(path: Path) -> Iterator[job_pb2.JobEvent]:
    """Yield the events that were written whole. Raises RunUnreadable."""
    with reading(path):
        lines = list(whole_lines(path))
    for number, line in enumerate(lines, start=1):
        yield parse(line, job_pb2.JobEvent(), path, number)
