"""Runs that were made before: found by what they came to, whatever became of them."""

import json
from pathlib import Path

import pytest

from orchestrator.reports import history as history_report
from orchestrator.results import history
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.storage import shelf
from orchestrator.storage.about import Kind
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


def test_lines_are_no_wider_than_asked_for_but_for_a_name(made):
    listed = history.entries([made(comparison=compared(trial("pytorch"), trial("tensorflow")))])
    name, *rest = history_report.lines(listed, 60)
    assert name == listed[0].name
    assert all(line.startswith("    ") and len(line) <= 60 for line in rest)


def test_entries_are_json(made):
    assert json.loads(json.dumps(history.as_dicts([history.entry(made())])))[0]["kind"] == "compare"


def test_a_run_is_removed_with_all_that_it_keeps(made, tmp_path):
    run = made(comparison={})
    other = made()
    shelf.remove(run)
    assert shelf.runs(tmp_path) == [other]


def test_a_thousand_runs_are_listed_by_one_file_read_of_each(tmp_path, monkeypatch):
    text = json.dumps(compared(trial("pytorch"), trial("tensorflow"), certificate=SAME))
    for number in range(1000):
        run = tmp_path / f"20260101T00{number // 60:02}{number % 60:02}Z-w"
        run.mkdir()
        for name in ("job", "comparison"):
            (run / f"{name}.json").write_text(text)
    opened = []
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path) or read_bytes(path))
    found = history.entries(shelf.runs(tmp_path))
    assert [entry.name for entry in found] == sorted(path.name for path in tmp_path.iterdir())
    assert len(opened) == len(set(opened)) == 1000
    assert {path.name for path in opened} == {"comparison.json"}


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
