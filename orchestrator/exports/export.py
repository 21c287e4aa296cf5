"""Writes a run's results for another program: whole, and never over existing files unasked."""

import importlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from orchestrator.actions import compare
from orchestrator.errors import BadInput
from orchestrator.exports import WRITERS, Result
from orchestrator.language.phrases import Phrase, english
from orchestrator.storage.files import writing
from orchestrator.storage.store import Run

SCHEMA = "twinrun.export/1"
_MARK = "twinrun.json"  # in each folder that is an export
_NO_TRIAL = Phrase("{run} has no trial to export.")
_INNER = Phrase("{run} has no trial of its own to export; it holds runs that have: {paths}.")
_MISSING = Phrase(
    "Exporting to {to} needs {package}, which is not installed: "
    "{python} -m pip install 'twinrun[{extra}]'"
)
_THERE = Phrase("{place} is there already; say --force to replace it, or name another with --into.")
_OTHERS = Phrase(
    "{place} holds what is not an export of Twinrun, and is left as it is; name another place with "
    "--into."
)


def export(run: Run, to: str, place: Path | None, *, force: bool) -> Path:
    """Return the written folder: ``place``, or ``exports/<to>`` within the run.

    Raises BadInput if the run has nothing to export, a library is not installed, or the place is
    taken; OutputError.
    """
    place = (place or run.path / "exports" / to).absolute()
    write = _writer(to)
    result = _result(run, place)
    _refuse(place, force=force)
    # A new name each time: MLflow keeps stores open by their names.
    partial = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    with writing(place):
        try:
            partial.mkdir(parents=True)
            write(result, partial)
            mark = {"schema": SCHEMA, "run": result.name, "to": to}
            (partial / _MARK).write_text(json.dumps(mark) + "\n", encoding="utf-8")
            if place.exists():
                shutil.rmtree(place)
            partial.replace(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return place


def _writer(to: str) -> Callable[[Result, Path], None]:
    """Return the function that writes; its module's imports may not be installed."""
    writer = WRITERS[to]
    for name, value in writer.settings.items():
        os.environ.setdefault(name, value)
    try:
        write: Callable[[Result, Path], None] = importlib.import_module(writer.module).write
    except ModuleNotFoundError as error:
        if not writer.extra:
            raise
        names = {"to": to, "package": error.name, "extra": writer.extra}
        raise BadInput(english(_MISSING, python=sys.executable, **names)) from error
    return write


def _result(run: Run, place: Path) -> Result:
    comparison = compare.comparison_of(run)
    if not comparison.trials:
        inner = sorted(str(path.parent) for path in run.path.glob("*/events"))
        phrase = _INNER if inner else _NO_TRIAL
        raise BadInput(english(phrase, run=run.path, paths=", ".join(inner)))
    what = run.about()
    began = what.time.timestamp() if what.time else 0.0
    figures = sorted((run.path / "figures").glob("*.*"))
    kept = [path for path in (*figures, run.path / "comparison.json") if path.is_file()]
    return Result(run.path.name, what.workload, began, comparison, kept, place)


def _refuse(place: Path, *, force: bool) -> None:
    """Raise BadInput if something is there that may not be replaced."""
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not (place / _MARK).is_file():
        raise BadInput(english(_OTHERS, place=place))
    if not force:
        raise BadInput(english(_THERE, place=place))
