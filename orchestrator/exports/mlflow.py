"""MLflow: a run for each trial in a new SQLite store, ``mlflow.db``, by MLflow's own client.

They form one experiment, named after the workload. Figures and comparison.json are attached to
each. No server is needed, and nothing is sent anywhere.
"""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlparse

from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from twinrun.contract.enums import JobState

from orchestrator.errors import OutputError
from orchestrator.exports import Result
from orchestrator.exports.tables import TABLES, Row
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.mappings.paths import leaves
from orchestrator.trials.spec import spec_mapping

_STORE = "mlflow.db"
_ARTIFACTS = "artifacts"
_DEFAULT = "0"
_MOST_METRICS, _MOST_PARAMS = 1000, 100  # in one call
_LONGEST_PARAM, _LONGEST_TAG = 6000, 8000  # characters
_STATUS = {JobState.SUCCEEDED.value: "FINISHED", JobState.CANCELLED.value: "KILLED"}
_KEY = ("trial", "epoch", "step")  # these are keys, not metrics
_TAGS = ("side", "framework", "trial", "state", "error", "framework_version", "python_version")
# The tables whose numbers become metrics, and the prefix of their names.
_METRICS = {"steps": "step", "epochs": "epoch", "trials": "trial"}
_FAILED = Phrase("MLflow could not write its store for {place}: {why}")
T = TypeVar("T")


def write(result: Result, folder: Path) -> None:
    """Write the store. Raises OutputError."""
    try:
        _write(result, folder)
    except MlflowException as error:
        raise OutputError(english(_FAILED, place=result.place, why=error.message)) from error


def _write(result: Result, folder: Path) -> None:
    client = MlflowClient(f"sqlite:///{folder / _STORE}")
    place = (result.place / _ARTIFACTS).as_uri()
    client.delete_experiment(_DEFAULT)  # its files would be in the current directory
    experiment = client.create_experiment(result.workload, artifact_location=place)
    rows = {name: list(TABLES[name].rows(result.comparison)) for name in _METRICS}
    for trial in rows["trials"]:
        own = {name: [row for row in rows[name] if _same(row, trial)] for name in _METRICS}
        ended = result.began + sum(epoch["train_seconds"] for epoch in own["epochs"])
        run = client.create_run(
            experiment,
            start_time=_milliseconds(result.began),
            run_name=f"{result.name} {trial['side']}-{trial['trial']}",
            tags=_tags(result, trial),
        )
        for metrics in _batches(_metrics(own, result.began), _MOST_METRICS):
            client.log_batch(run.info.run_id, metrics=metrics)
        for params in _batches(_params(result, trial), _MOST_PARAMS):
            client.log_batch(run.info.run_id, params=params)
        _attach(result, folder, run.info.artifact_uri)
        status = _STATUS.get(trial["state"], "FAILED")
        client.set_terminated(run.info.run_id, status, _milliseconds(ended))


def _same(row: Row, trial: Row) -> bool:
    return (row["side"], row["trial"]) == (trial["side"], trial["trial"])


def _metrics(own: dict[str, list[Row]], began: float) -> Iterator[Metric]:
    """Yield every number of the trial except its key; the clock counts training only."""
    ends = list(
        itertools.accumulate((row["train_seconds"] for row in own["epochs"]), initial=began)
    )
    for table, prefix in _METRICS.items():
        for row in own[table]:
            step = int(row.get("step", row.get("epoch", 0)) or 0)
            # A step has its epoch's start time, an epoch its end time.
            ended = {"steps": row.get("epoch") or 0, "epochs": step + 1}.get(table, -1)
            time = _milliseconds(ends[min(ended, len(ends) - 1)])
            for name, value in row.items():
                if isinstance(value, (int, float)) and name not in _KEY:
                    yield Metric(f"{prefix}/{name}", float(value), time, step)


def _params(result: Result, row: Row) -> Iterator[Param]:
    """Yield the job of the trial, which its side may have changed."""
    group = result.comparison.trials[row["side"]]
    specs = (trial.spec for trial in group if trial.number == row["trial"] and trial.spec)
    for path, value in leaves(spec_mapping(next(specs, result.comparison.job))):
        yield Param(path.replace("[", ".").replace("]", ""), str(value)[:_LONGEST_PARAM])


def _tags(result: Result, trial: Row) -> dict[str, str]:
    certificates = result.comparison.certificates
    given = {
        "mlflow.note.content": result.comparison.finding,
        "twinrun.run": result.name,
        "twinrun.certificate": certificates.sentence if certificates else None,
        "twinrun.warnings": ", ".join(dict.fromkeys(c.code for c in result.comparison.cautions)),
        **{f"twinrun.{name}": trial[name] for name in _TAGS},
    }
    return {name: str(value)[:_LONGEST_TAG] for name, value in given.items() if value is not None}


def _attach(result: Result, folder: Path, artifacts: str) -> None:
    """Copy the files to where MLflow will look for them once the folder is in its place."""
    inside = Path(unquote(urlparse(artifacts).path)).relative_to(result.place)
    target = folder / inside
    target.mkdir(parents=True)
    for path in result.files:
        shutil.copyfile(path, target / path.name)


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)


def _batches(items: Iterator[T], most: int) -> Iterator[list[T]]:
    while batch := list(itertools.islice(items, most)):
        yield batch
