"""Writes a run's results for another program: whole, and never over existing files unasked."""

import functools
import importlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from orchestrator.actions.shown import only_comparison, shown
from orchestrator.errors import BadInput
from orchestrator.exports import MARKDOWN, WRITERS, Result
from orchestrator.exports.markdown import write_report
from orchestrator.language.phrases import Phrase, english
from orchestrator.storage.files import writing
from orchestrator.storage.store import Run

SCHEMA = "twinrun.export/1"
_MARK = "twinrun.json"  # in each folder that is an export
_NO_TRIAL = Phrase("{run} has no trial to export.")
_MISSING = Phrase(
    "Exporting to {to} needs {package}, which is not installed: "
    "{python} -m pip install 'twinrun[{extra}]'"
)
_THERE = Phrase(
    "{place} already exists; pass --force to replace it, or name another place with --into."
)
_OTHERS = Phrase(
    "{place} contains something other than an export of Twinrun, and is left alone; "
    "name another place with --into."
)


def export(run: Run, to: str, place: Path | None, *, force: bool) -> Path:
    """Return the written folder: ``place``, or ``exports/<to>`` within the run.

    Raises BadInput if the run has nothing to export, a library is not installed, or the place is
    taken; OutputError.
    """
    place = (place or run.path / "exports" / to).absolute()
    write = _content(run, to, place)
    _refuse(place, force=force)
    # A new name each time: MLflow keeps stores open by their names.
    partial = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    with writing(place):
        try:
            partial.mkdir(parents=True)
            write(partial)
            mark = {"schema": SCHEMA, "run": run.path.name, "to": to}
            (partial / _MARK).write_text(json.dumps(mark) + "\n", encoding="utf-8")
            if place.exists():
                shutil.rmtree(place)
            partial.replace(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return place


def _content(run: Run, to: str, place: Path) -> Callable[[Path], None]:
    """Return the function that fills a folder; for a run of another kind only as Markdown."""
    writer = _writer(to)
    what = run.about()
    if to == MARKDOWN and not what.kind.is_comparison and (result := shown(run)) is not None:
        return functools.partial(write_report, f"{what.workload}: {run.path.name}", result.parts())
    result_of_trials = _result(run, place)
    return lambda folder: writer(result_of_trials, folder)


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
    comparison = only_comparison(run)
    if not comparison.trials:
        raise BadInput(english(_NO_TRIAL, run=run.path))
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
