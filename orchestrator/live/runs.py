"""Follows the run that a command makes: which repetition it is at, and what it comes to."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.language.phrases import Sentence, join
from orchestrator.language.words import NEXT
from orchestrator.live.looking import Looking
from orchestrator.live.machines import machines
from orchestrator.storage.about import FILE, Kind
from orchestrator.storage.running import is_running
from orchestrator.storage.store import Run
from orchestrator.trials.mappings.stored import sentence, sentences

_PROGRESS = "progress"
# Where each kind of run has its result, and under which name. What an explanation came to is a
# table.
_RESULTS: Mapping[Kind, tuple[str, str]] = {
    Kind.TRAIN: ("comparison", "finding"),
    Kind.COMPARE: ("comparison", "finding"),
    Kind.VERIFY: ("certificate", "sentence"),
    Kind.PARITY: ("parity", "sentence"),
    Kind.RECIPES: ("recipes", "sentence"),
    Kind.LOOPS: ("loops", "sentences"),
    Kind.SWEEP: ("sweep", "sentences"),
}


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run that was being made while the page watched.

    ``text``: while it is ``running`` how far it has come, then what it came to; None: not known.
    ``machines``: what each does meanwhile, if it has several.
    """

    name: str
    label: str
    running: bool
    text: Sentence | None
    machines: tuple[Sentence, ...] = ()


class RunFollower(Looking):
    """Follows the newest run in ``output``, in a thread of its own, from `start` to `stop`.

    ``tell`` receives it whenever it has changed.
    """

    def __init__(self, output: Path, tell: Callable[[LiveRun], None]) -> None:
        self._output = output
        self._tell = tell
        self._seen: Path | None = None
        self._told: LiveRun | None = None
        super().__init__("follow-runs")

    def look(self) -> None:
        """Tell of the newest run if it is being made, and of one that was until it ended."""
        newest = next(newest_runs(self._output), None)
        if newest is not None and is_running(newest):
            self._seen = newest
        if self._seen is None:
            return
        found = live_run(Run(self._seen))
        if found != self._told:
            self._told = found
            self._tell(found)


def newest_runs(output: Path) -> Iterator[Path]:
    """Yield the runs in a directory, by their names, which begin with their times."""
    for name in sorted((each.name for each in os.scandir(output)), reverse=True):
        if (output / name / FILE).is_file():
            yield output / name


def live_run(run: Run) -> LiveRun:
    """Return how far a run has come. Raises OSError, RunUnreadable, KeyError, TypeError."""
    what, running = run.about(), is_running(run.path)
    text = _progress(run) if running else _finding(run, what.kind)
    return LiveRun(run.path.name, what.label, running, text, machines(run) if running else ())


def _progress(run: Run) -> Sentence | None:
    """Return what the newest part of it says: recipes and loops have runs inside."""
    files = [run.path / f"{_PROGRESS}.json", *run.path.glob(f"*/{_PROGRESS}.json")]
    ages = {file: file.stat().st_mtime_ns for file in files if file.is_file()}
    if not ages:
        return None
    found = Run(max(ages, key=lambda file: ages[file]).parent).result(_PROGRESS)
    return sentence(found or {}, "text")


def _finding(run: Run, kind: Kind) -> Sentence | None:
    file, name = _RESULTS.get(kind, ("", ""))
    found = run.result(file) if file else None
    if found is None:
        return None
    return join(NEXT, sentences(found, name)) if name == "sentences" else sentence(found, name)
