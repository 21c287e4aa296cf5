"""The runs of an output directory: found by name, listed, removed."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.errors import RunNotFound, RunUnreadable
from orchestrator.language.phrases import Phrase, english
from orchestrator.storage.about import by_directory
from orchestrator.storage.files import writing
from orchestrator.storage.store import Run

LATEST = "latest"
_NO_RUNS = Phrase(
    "There is no run in {output}; make one with `orchestrator compare`, or say where the runs are "
    "with --output."
)
_NO_RUN = Phrase(
    "There is no run {name!r}, neither as a path nor in {output}; `{latest}` means the newest one "
    "there."
)


def find(name: str, output: Path) -> Run:
    """Find the run that ``name`` means: a path, a name within ``output``, or ``latest``.

    Raises RunNotFound.
    """
    if name == LATEST:
        known = runs(output)
        if not known:
            raise RunNotFound(english(_NO_RUNS, output=output))
        return known[-1]
    for path in (output / name, Path(name)):
        if (path / "job.json").is_file():
            return Run(path)
    raise RunNotFound(english(_NO_RUN, name=name, output=output, latest=LATEST))


def runs(output: Path) -> list[Run]:
    """Return the runs in ``output``, oldest first. A directory without job.json is not one."""
    return sorted((Run(job.parent) for job in output.glob("*/job.json")), key=_age)


def _age(run: Run) -> tuple[datetime, int, str]:
    """Return when it was made, then the suffix of its name: a longer one is a higher number."""
    name = run.path.name
    try:
        time = run.about().time
    except RunUnreadable:  # it must not hide the others
        time = by_directory(run.path).time
    return time or datetime.max.replace(tzinfo=UTC), len(name), name


def remove(run: Run) -> None:
    """Delete a run with everything in it. Raises OutputError."""
    with writing(run.path):
        shutil.rmtree(run.path)
