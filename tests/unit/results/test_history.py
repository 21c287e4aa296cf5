"""Runs that were made before: found by what they came to, whatever became of them."""

import json
import platform
from datetime import UTC, datetime
from pathlib import Path

import pytest
from twinrun.v1 import job_pb2

from orchestrator.reports import history as history_report
from orchestrator.results import history
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.storage import about, shelf
from orchestrator.storage.about import Kind
from orchestrator.storage.running import making
from tests.builders.events import JOB, failed_trial, trial
from tests.builders.proofs import certified
from tests.builders.stored import create

ROWS = [{"pitfall": name} for name in (None, "adam-epsilon", "last-batch")]


@pytest.fixture
def made(tmp_path):
    def made(kind=Kind.COMPARE, **results):
        run = create(tmp_path, "mnist-mlp", kind=kind)
        for name, result in results.items():
            text = result if isinstance(result, str) else json.dumps(result)
            (run.path / f"{name}.json").write_text(text)
        return run

    return made


def compared(*trials, certificate=None):
    return as_dict(compare(JOB, trials, certificate))


SAME = certified()
VERIFIED = {
    "same_job": True,
    "sentence": "The same job.",
    "versions": {"pytorch": "2", "tensorflow": "2"},
}


def test_a_comparison_tells_its_verdict_and_its_warnings(made):
    both = compared(trial("pytorch"), trial("tensorflow"), certificate=SAME)
    found = history.entry(made(comparison=both))
    assert (found.kind, found.workload) == ("compare", "mnist-mlp")
    assert found.frameworks == ["pytorch", "tensorflow"]
    assert found.finding == both["verdict"]["sentence"]
    assert found.same_job is True
    assert found.warnings == ["FEW_PAIRS"]
    assert found.time.endswith("+00:00")


def test_one_framework_alone_is_a_training(made):
    found = history.entry(made(Kind.TRAIN, comparison=compared(trial("pytorch"))))
    assert found.kind == "train"
    assert found.same_job is None


def test_one_that_failed_says_why(made):
    failed = compared(trial("pytorch"), failed_trial("tensorflow"))
    assert "SIGKILL" in history.entry(made(comparison=failed)).finding


@pytest.mark.parametrize(
    ("kind", "results", "finding"),
    [
        (Kind.VERIFY, {"certificate": VERIFIED}, "The same job."),
        (Kind.EXPLAIN, {"explanation": {"rows": ROWS[:2]}}, "1 difference."),
        (Kind.EXPLAIN, {"explanation": {"rows": ROWS}}, "2 differences, one at a time."),
        (Kind.EXPLAIN, {"explanation": {"rows": []}}, "It was not finished."),
        (Kind.PARITY, {"parity": {"sentence": "All agree.", "rows": []}}, "All agree."),
        (
            Kind.RECIPES,
            {"recipes": {"times": {"a": {"pytorch": 1}}, "sentence": "S."}},
            "S.",
        ),
        (
            Kind.LOOPS,
            {"loops": {"epoch_seconds": {"fit": {"pytorch": 1}}, "sentences": ["A.", "B."]}},
            "A. B.",
        ),
        *((kind, {}, "not finished") for kind in Kind),
        (Kind.COMPARE, {"comparison": "{"}, "cannot be read"),
        (Kind.COMPARE, {"comparison": "[]"}, "cannot be read"),
        (Kind.COMPARE, {"comparison": {"frameworks": None}}, "cannot be read"),
    ],
)
def test_each_kind_of_run_is_told_and_none_ends_the_list(made, kind, results, finding):
    found = history.entry(made(kind, **results))
    assert found.kind == kind
    assert finding in found.finding
    assert found.workload == "mnist-mlp"


def test_a_verdict_is_given_in_numbers_too(made):
    both = compared(trial("pytorch", seconds=[2.0]), trial("tensorflow", seconds=[1.0]))
    found = history.entry(made(comparison=both))
    assert (found.faster, found.pairs, found.low) == ("tensorflow", 1, None)
    assert found.ratio == pytest.approx(2)
    assert found.epoch_seconds == pytest.approx({"pytorch": 2, "tensorflow": 1})
    assert found.test_accuracy.keys() == {"pytorch", "tensorflow"}


def test_a_run_is_running_as_long_as_its_command_lives_and_then_what_became_of_it(made):
    run = made()
    assert history.entry(run).state == "stopped"  # its command was killed
    with making(run):
        found = history.entry(run)
        assert found.state == "running"
        assert found.finding == "It is running: 0 trials have begun."
        (run.path / "comparison.json").write_text(json.dumps(compared(trial("pytorch"))))
        assert history.entry(run).state == "running"
    assert history.entry(run).state == "finished"
    with making(run) as making_it:
        making_it.stopped = True
    assert history.entry(run).state == "stopped"
    with pytest.raises(KeyboardInterrupt), making(run):
        raise KeyboardInterrupt
    assert history.entry(run).state == "stopped"


def test_a_finished_run_of_before_is_finished(made):
    run = made(comparison=compared(trial("pytorch")))
    (run.path / "run.json").unlink()
    assert history.entry(run).state == "finished"


def test_runs_of_one_workload_are_told_apart_by_what_differs_and_by_their_labels(tmp_path):
    specs = [job_pb2.JobSpec(seed=seed, epochs=3) for seed in (0, 1)]
    runs = [create(tmp_path, "w", spec) for spec in specs]
    other = create(tmp_path, "w", job_pb2.JobSpec(seed=9, threads=4), kind=Kind.VERIFY)
    about.change(runs[1].path, label="the second")
    found = history.entries([*runs, other])
    assert [each.settings for each in found] == [{"seed": 0}, {"seed": 1}, {}]
    assert [each.label for each in found] == ["", "the second", ""]
    shown = list(history_report.lines(found, 80))
    assert "    seed 1" in shown
    assert "    the second" in shown
    assert all(each.host == platform.node() for each in found)


def test_runs_are_chosen_by_workload_and_time_and_sorted(tmp_path):
    now = datetime(2026, 1, 10, tzinfo=UTC)
    for day, (workload, ratio) in enumerate([("b", 3.0), ("a", 1.0), ("a", 2.0)], start=1):
        run = create(tmp_path, workload, now=now.replace(day=day))
        result = {"ratio": ratio, "sentence": "S."}
        frameworks = {"pytorch": {}, "tensorflow": {}}
        content = {"frameworks": frameworks, "finding": "F.", "verdict": result}
        (run.path / "comparison.json").write_text(json.dumps(content))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/job.json").touch()
    (tmp_path / "bad/run.json").write_text("{")
    stored = shelf.runs(tmp_path)

    def ratios(workload=None, since=None, sort=history.Sort.TIME, number=None):
        found = history.arranged(history.fitting(stored, workload, since), sort, number)
        return [each.ratio for each in found if each.name != "bad"]

    assert ratios() == [2, 1, 3]
    assert ratios("a") == [2, 1]
    assert ratios(since=now.replace(day=2)) == [2, 1]
    assert ratios(sort=history.Sort.RATIO) == [3, 2, 1]
    assert ratios(sort=history.Sort.WORKLOAD) == [2, 1, 3]
    assert ratios(sort=history.Sort.RATIO, number=1) == [3]


def test_lines_are_no_wider_than_asked_for_but_for_a_name(made):
    listed = history.entries([made(comparison=compared(trial("pytorch"), trial("tensorflow")))])
    for width in (60, 30):
        name, *rest = history_report.lines(listed, width)
        assert name.split()[0] == listed[0].name
        assert ("finished" in name) is (width == 60)
        assert all(line.startswith("    ") and len(line) <= width for line in rest)


def test_entries_are_json(made):
    assert json.loads(json.dumps(history.as_dicts([history.entry(made())])))[0]["kind"] == "compare"


def test_a_run_is_removed_with_all_that_it_keeps(made, tmp_path):
    run = made(comparison={})
    other = made()
    shelf.remove(run)
    assert shelf.runs(tmp_path) == [other]


def test_a_hundred_runs_are_listed_by_two_files_read_of_each(tmp_path, monkeypatch):
    text = json.dumps(compared(trial("pytorch"), trial("tensorflow"), certificate=SAME))
    for number in range(100):
        run = tmp_path / f"20260101T00{number // 60:02}{number % 60:02}Z-w"
        run.mkdir()
        for name in ("job", "comparison"):
            (run / f"{name}.json").write_text(text)
    opened = []
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path) or read_bytes(path))
    found = history.entries(shelf.runs(tmp_path))
    assert [entry.name for entry in found] == sorted(path.name for path in tmp_path.iterdir())
    assert len(opened) == len(set(opened)) == 200
    assert {path.name for path in opened} == {"comparison.json", "job.json"}


@pytest.mark.parametrize(
    "content",
    [
        *("[]", "3", '"x"', "null", "{}", '{"frameworks": 3, "verdict": {}}', "[" * 100_000),
        '{"frameworks": {"a": 1}, "verdict": {"sentence": 3, "ratio": "x", "pairs": null}}',
    ],
)
def test_one_bad_run_keeps_no_other_from_being_listed(made, content):
    bad, good = made(comparison=content), made(comparison=compared(trial("pytorch")))
    found = history.entries([bad, good])
    assert [entry.name for entry in found] == [bad.path.name, good.path.name]
    assert list(history_report.lines(found, 80))
