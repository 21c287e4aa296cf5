"""What is exported, read back by the programs that it is for."""

import builtins
import csv
import json
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from orchestrator.errors import BadInput, OutputError
from orchestrator.exports import WRITERS
from orchestrator.exports import export as exporting
from orchestrator.exports.tables import TABLES
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.results import history
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.storage import store
from orchestrator.storage.about import Kind
from tests.builders.events import JOB, STEPS, failed_events, trial_events
from tests.builders.stored import create

FORMATS = list(WRITERS)


@pytest.fixture
def run(tmp_path):
    """Of a trial that succeeded, and one that did not."""
    made = create(tmp_path / "runs", "mnist-mlp")
    for framework, events in {
        "pytorch": trial_events("pytorch"),
        "tensorflow": failed_events("tensorflow", after=2),
    }.items():
        log = made.open_events(framework, 1)
        for event in events:
            log.append(event)
    made.write_comparison(as_dict(compare(JOB, made.trials())))
    made.write_figures({"overview.png": b"a picture", "overview.svg": b"<svg/>"})
    return made


def export(run, to, **given):
    return exporting.export(run, to, given.pop("place", None), force=given.pop("force", False))


def table(run, name):
    return list(TABLES[name].rows(compare(JOB, run.trials())))


@pytest.mark.parametrize("name", TABLES)
def test_csv_holds_every_row_and_number_exactly(run, name):
    with (export(run, "csv") / f"{name}.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    kinds = TABLES[name].columns(JOB)
    read = [{key: kinds[key](v) if v else None for key, v in row.items()} for row in found]
    assert [{**row, "seed": None} for row in read] == [
        {**row, "seed": None} for row in table(run, name)
    ]


@pytest.mark.parametrize("name", TABLES)
def test_parquet_holds_every_row_and_number_exactly_whatever_is_unknown(run, name):
    found = pyarrow.parquet.read_table(export(run, "parquet") / f"{name}.parquet")
    assert found.column_names == list(TABLES[name].columns(JOB))
    assert found.to_pylist() == table(run, name)
    kinds = {str: "string", int: "int64", float: "double"}
    assert [str(t) for t in found.schema.types] == [
        kinds[k] for k in TABLES[name].columns(JOB).values()
    ]


def test_tensorboard_reads_a_curve_for_each_quantity_of_each_trial(run):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    folder = export(run, "tensorboard")
    assert {path.name for path in folder.iterdir()} == {
        *("pytorch-1", "tensorflow-1", "twinrun.json")
    }
    for name, ended in {"pytorch-1": 3, "tensorflow-1": 2}.items():
        side = name.partition("-")[0]
        events = accumulator.EventAccumulator(str(folder / name), {"scalars": 0})
        events.Reload()
        by_step = [row for row in table(run, "steps") if row["side"] == side]
        read = events.Scalars("step/loss")
        assert [event.step for event in read] == [row["step"] for row in by_step]
        assert [event.value for event in read] == pytest.approx([row["loss"] for row in by_step])
        by_epoch = [row for row in table(run, "epochs") if row["side"] == side]
        read = events.Scalars("epoch/test_accuracy")
        assert [event.step for event in read] == list(range(ended))
        assert [event.value for event in read] == pytest.approx(
            [row["test_accuracy"] for row in by_epoch]
        )
        assert read[1].wall_time - read[0].wall_time == pytest.approx(1.1)
        assert "epoch/validation_loss" not in events.Tags()["scalars"]


def test_mlflow_finds_a_run_for_each_trial_with_metrics_parameters_and_files(run, monkeypatch):
    tracking = pytest.importorskip("mlflow.tracking")
    monkeypatch.chdir(run.path)
    folder = export(run, "mlflow")
    client = tracking.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    (experiment,) = client.search_experiments()
    assert experiment.name == "mnist-mlp"
    runs = {each.data.tags["twinrun.side"]: each for each in client.search_runs(["1"])}
    assert {side: each.info.status for side, each in runs.items()} == {
        "pytorch": "FINISHED",
        "tensorflow": "FAILED",
    }
    whole = runs["pytorch"]
    losses = client.get_metric_history(whole.info.run_id, "step/loss")
    assert {loss.step: loss.value for loss in losses} == {
        row["step"]: row["loss"] for row in table(run, "steps") if row["side"] == "pytorch"
    }
    accuracies = client.get_metric_history(whole.info.run_id, "epoch/test_accuracy")
    assert [each.step for each in accuracies] == [0, 1, 2]
    assert (accuracies[1].timestamp - accuracies[0].timestamp) == 1100
    assert whole.data.params["batch_size"] == "64"
    assert whole.data.tags["twinrun.run"] == run.path.name
    assert "SIGKILL" in runs["tensorflow"].data.tags["twinrun.error"]
    kept = {each.path for each in client.list_artifacts(whole.info.run_id)}
    assert kept == {"comparison.json", "overview.png", "overview.svg"}
    copied = client.download_artifacts(whole.info.run_id, "overview.png")
    assert Path(copied).read_bytes() == b"a picture"
    assert not (run.path / "mlruns").exists()


def test_markdown_says_what_came_of_it_in_tables_that_hold_together(run):
    lines = (export(run, "markdown") / "result.md").read_text().splitlines()
    assert lines[0] == f"### mnist-mlp: {run.path.name}"
    assert lines[2].startswith("**No verdict on speed: trial 1 of TensorFlow failed:")
    rows = [line for line in lines if line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {4}
    assert any("PyTorch 2.14.1, Python 3.11.7, threads: 2" in line for line in lines)


def test_what_markdown_would_take_for_its_own_is_escaped(run):
    log = run.open_events("pytorch", 2)
    for event in trial_events("pytorch", seconds=(1.0,)):
        if event.HasField("environment"):
            event.environment.platform = "a|b *c* <script>\n# d"
        log.append(event)
    (run.path / "events" / "pytorch-1.jsonl").unlink()
    text = (export(run, "markdown") / "result.md").read_text()
    assert "a\\|b \\*c\\* \\<script\\> \\# d" in text


@pytest.mark.parametrize("to", FORMATS)
def test_an_export_that_is_there_is_replaced_only_by_force(run, to):
    if WRITERS[to].extra:
        pytest.importorskip(to)
    folder = export(run, to)
    (folder / "mine").write_text("kept")
    with pytest.raises(BadInput, match="--force"):
        export(run, to)
    assert (folder / "mine").read_text() == "kept"
    assert export(run, to, force=True) == folder
    assert not (folder / "mine").exists()


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_export_is_left_alone_whatever_is_said(run, tmp_path, force):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    for place in (mine, mine / "thesis.txt"):
        with pytest.raises(BadInput, match="other than an export"):
            export(run, "csv", place=place, force=force)
    assert (mine / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_is_taken_and_a_missing_one_is_made(run, tmp_path):
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", tmp_path / "a/b"):
        assert export(run, "csv", place=place) == place
        assert (place / "epochs.csv").exists()


def test_an_export_says_what_it_is(run):
    mark = json.loads((export(run, "csv") / "twinrun.json").read_text())
    assert mark == {"schema": "twinrun.export/1", "run": run.path.name, "to": "csv"}


@pytest.mark.parametrize("force", [False, True])
def test_one_that_fails_in_the_middle_leaves_nothing_new_and_what_was_there(
    run, monkeypatch, force
):
    place = run.path / "exports" / "csv"
    if force:
        export(run, "csv")
    kept = {path: path.read_bytes() for path in place.glob("*")}

    class Full:
        def __init__(self, *given):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(csv, "DictWriter", Full)
    with pytest.raises(OutputError, match="No space left on device"):
        export(run, "csv", force=force)
    assert {path: path.read_bytes() for path in place.glob("*")} == kept
    assert not list(place.parent.glob(".*"))


@pytest.mark.parametrize("to", [to for to in FORMATS if WRITERS[to].extra])
def test_without_its_extra_it_says_what_to_install_and_writes_nothing(run, monkeypatch, to):
    real = builtins.__import__

    def without(name, *given, **more):
        if name.partition(".")[0] == to:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *given, **more)

    monkeypatch.delitem(sys.modules, WRITERS[to].module, raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BadInput, match=f"needs {to}.*'twinrun.{WRITERS[to].extra}.'"):
        export(run, to)
    assert not (run.path / "exports").exists()


def test_a_run_that_holds_runs_names_them(tmp_path):
    outer = create(tmp_path, kind=Kind.RECIPES)
    inner = store.within(outer, "matched", Kind.COMPARE, tuple(FRAMEWORKS), outer.spec())
    log = inner.open_events("pytorch", 1)
    for event in trial_events():
        log.append(event)
    with pytest.raises(BadInput, match=str(inner.path)):
        export(outer, "csv")
    assert (export(inner, "csv") / "epochs.csv").exists()


def test_a_run_of_an_unknown_time_is_exported_too(run):
    moved = run.path.rename(run.path.with_name("my run"))
    (moved / "run.json").unlink()
    other = store.Run(moved)
    assert history.entry(other).time == ""
    assert (export(other, "csv") / "steps.csv").read_text().count("\n") == 1 + len(
        table(other, "steps")
    )
    assert len(table(other, "steps")) > 3 * STEPS
