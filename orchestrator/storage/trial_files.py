"""The trials of a run, each read from its files once, and again only if they have changed."""

from pathlib import Path

from orchestrator.storage.event_log import read_events
from orchestrator.storage.files import read_object
from orchestrator.trials.fold import fold
from orchestrator.trials.spec import spec_from_mapping
from orchestrator.trials.trial import Trial

Stamp = tuple[int, int, int] | None  # of a file; None: there is none


class TrialFiles:
    """Trials of one run that have been read: after each block a command looks at all of them."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[tuple[Stamp, Stamp], Trial]] = {}

    def trial(self, run: Path, framework: str, number: int) -> Trial:
        """Return a trial of ``run``. Raises RunUnreadable."""
        name = f"{framework}-{number}"
        events, job = run / "events" / f"{name}.jsonl", run / "jobs" / f"{name}.json"
        stamps = _stamp(events), _stamp(job)  # before reading: what comes meanwhile is read again
        kept = self._kept.get(name)
        if kept is None or kept[0] != stamps:
            given = read_object(job).get("spec") if job.exists() else None
            spec = None if given is None else spec_from_mapping(given, str(job))
            kept = stamps, fold(framework, number, read_events(events), spec, str(events))
            self._kept[name] = kept
        return kept[1]


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:  # reading it says why
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
