"""What a run is: as it says itself, or as an older one's directory does."""

import dataclasses
import json
from pathlib import Path

import pytest

from orchestrator.errors import RunUnreadable
from orchestrator.storage import shelf, store
from orchestrator.storage.about import Kind, about, change
from tests.builders.stored import compared, create


@pytest.mark.parametrize(
    ("field", "value"),
    [("label", 3), ("host", []), ("precision", 2.0), ("state", "asleep"), ("baseline", "x")],
)
def test_what_no_version_wrote_into_a_run_is_refused(tmp_path, field, value):
    run = create(tmp_path)
    path = run.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(RunUnreadable, match=f"as {field}"):
        run.about()


def test_a_change_keeps_all_else_and_an_older_run_gets_its_time_with_it(tmp_path):
    run = create(tmp_path, "w")
    before = run.about()
    change(run.path, label="mine")
    assert run.about() == dataclasses.replace(before, label="mine")
    (run.path / "run.json").unlink()
    old = run.path.rename(tmp_path / "renamed")
    change(old, label="mine")
    assert about(old).label == "mine"
    assert about(old).time is not None


@pytest.mark.parametrize("kind", Kind)
def test_a_run_says_what_it_is_wherever_it_lies(tmp_path, kind):
    made = create(tmp_path, "explain-my-loops", kind=kind, sides=("b", "a"))
    before = made.about()
    moved = made.path.rename(tmp_path / "20991124T231346Z-verify-other-recipes")
    found = about(moved)
    assert (found.kind, found.workload, tuple(found.sides)) == (
        kind,
        "explain-my-loops",
        ("b", "a"),
    )
    assert found.time == before.time is not None
    assert found.name == moved.name


def test_a_run_within_another_is_of_the_same_workload_and_time(tmp_path):
    outer = create(tmp_path, kind=Kind.RECIPES)
    inner = store.within(outer, "matched", Kind.COMPARE, ("a", "b"), outer.spec())
    found = inner.about()
    assert found.name == f"{outer.path.name}/matched"
    assert found.kind is Kind.COMPARE
    assert (found.workload, found.time) == (outer.about().workload, outer.about().time)


@pytest.mark.parametrize(
    ("path", "kind", "workload", "timed"),
    [
        ("20261124T231346Z-w", Kind.COMPARE, "w", True),
        ("20261124T231346Z-verify-w", Kind.VERIFY, "w", True),
        ("20261124T231346Z-explain-w", Kind.EXPLAIN, "w", True),
        ("20261124T231346Z-w-loops", Kind.LOOPS, "w", True),
        *(
            (
                f"20261124T231346Z-w-{kind}/one",
                Kind.COMPARE,
                "w",
                True,
            )
            for kind in ("recipes", "loops")
        ),
        ("renamed", Kind.COMPARE, "renamed", False),
    ],
)
def test_the_directory_of_an_older_run_tells_what_it_is(tmp_path, path, kind, workload, timed):
    found = about(tmp_path / path)
    assert (found.name, found.kind, found.workload) == (path, kind, workload)
    assert (found.time is not None) is timed


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ("comparison", Kind.COMPARE),
        ("recipes", Kind.RECIPES),
        ("loops", Kind.LOOPS),
        ("explanation", Kind.EXPLAIN),
        ("certificate", Kind.VERIFY),
    ],
)
def test_an_older_run_is_what_its_result_is_whatever_its_name(tmp_path, result, kind):
    (tmp_path / f"{result}.json").write_text("{}")
    assert about(tmp_path).kind is kind


def test_an_older_run_with_trials_of_one_framework_is_a_training(tmp_path):
    run = compared(tmp_path, workload="my-loops")
    (run.path / "run.json").unlink()
    assert run.about().kind is Kind.COMPARE
    (run.path / "events" / "tensorflow-1.jsonl").unlink()
    assert run.about().kind is Kind.TRAIN
    assert run.about().sides == ("pytorch",)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", "twinrun.run/2"),
        ("schema", None),
        ("kind", "dance"),
        ("kind", ["compare"]),
        ("workload", 3),
        ("created", "yesterday"),
        ("created", 0),
        ("sides", "pytorch"),
        ("sides", [1]),
    ],
)
def test_what_is_not_known_of_a_run_is_one_sentence_that_names_it(tmp_path, field, value):
    run = create(tmp_path)
    file = run.path / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), field: value}))
    with pytest.raises(RunUnreadable) as caught:
        run.about()
    for part in (str(file), repr(value), field, "use the version that made the run."):
        assert part in caught.value.message
    assert shelf.runs(tmp_path) == [run]


@pytest.mark.parametrize("content", ["", "[]", "3", "null", "{}", "[" * 100_000])
def test_a_file_that_says_nothing_is_one_sentence_too(tmp_path, content):
    run = create(tmp_path)
    (run.path / "run.json").write_text(content)
    with pytest.raises(RunUnreadable, match=r"run\.json"):
        run.about()


def test_the_newest_run_is_the_one_that_was_made_last_whatever_it_is_called(tmp_path):
    first, second = create(tmp_path), compared(Path(tmp_path))
    file = second.path / "run.json"
    later = {**json.loads(file.read_text()), "created": "2999-01-01T00:00:00+00:00"}
    file.write_text(json.dumps(later))
    renamed = first.path.rename(tmp_path / "zzz")
    assert [run.path for run in shelf.runs(tmp_path)] == [renamed, second.path]
