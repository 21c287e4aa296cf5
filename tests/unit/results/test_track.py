"""The history of a workload: which runs are one series, and what is said of it."""

import json
from pathlib import Path

import numpy as np
import pytest

from orchestrator.actions.track import run_track
from orchestrator.language.phrases import speaking
from orchestrator.reports import track as report
from orchestrator.reports.writers import plain
from orchestrator.results.quantities import EPOCH, PEAK_MEMORY
from orchestrator.results.track import as_dict
from orchestrator.results.track.series import name, track
from orchestrator.storage import shelf
from tests.builders import noise, tracked

RATE = 0.01
CHANGED, RUNS = 14, 20


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """Runs of which PyTorch's are slower by 10 % from one commit on."""
    folder = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(5)
    values = [float(np.median(noise.trials(rng, 8))) for _ in range(RUNS)]
    list(tracked.history(folder, values[:CHANGED] + [1.1 * each for each in values[CHANGED:]]))
    return folder


def test_a_planted_change_is_found_at_its_commit_and_the_side_without_one_has_none(output):
    pytorch, tensorflow = track(shelf.runs(output), RATE).series
    (change,) = pytorch.changes
    assert change.at == CHANGED
    assert change.run == pytorch.points[CHANGED].run
    assert change.ratio.low < 1.1 < change.ratio.high
    assert change.after / change.before == pytest.approx(1.1, rel=0.05)
    (said,) = pytorch.sentences
    assert f"From {change.run} (commit {CHANGED}) on epoch_seconds is 1." in said
    assert "14 runs before, 6 since" in said
    assert tensorflow.changes == []
    assert tensorflow.sentences == ["No change is shown in 20 runs, at a rate of 1.00 %."]


def test_each_machine_and_each_setting_is_a_series_of_its_own_and_named(tmp_path):
    for day in range(3):
        tracked.run(tmp_path, day, 1.0, cpu="one")
        tracked.run(tmp_path, day, 9.0, cpu="other")
        tracked.run(tmp_path, day, 5.0, cpu="one", batch_size=32)
        tracked.run(tmp_path, day, 1.0, cpu="one", seed=40 + day)
    found = [each for each in track(shelf.runs(tmp_path), RATE).series if each.side == "pytorch"]
    assert [str(name(each)) for each in found] == [
        "w, PyTorch, one with 0 CPUs, GPU, batch_size 64",
        "w, PyTorch, other with 0 CPUs, GPU, batch_size 64",
        "w, PyTorch, one with 0 CPUs, GPU, batch_size 32",
    ]
    assert [{point.value for point in each.points} for each in found] == [{1.0}, {9.0}, {5.0}]
    assert all(each.changes is None for each in found)
    assert "3 runs are too few" in found[1].sentences[0]
    assert "are series of their own" in report.headline(track(shelf.runs(tmp_path), RATE))


@pytest.mark.parametrize("over", [False, True])
def test_runs_over_machines_are_named_once_something_could_be_shown(tmp_path, over):
    for day in range(RUNS):
        made = tracked.run(tmp_path, day, 1.0)
        if over and day == 3:
            found = made.result("comparison")
            made.write_result("comparison", {**found, "machines": {"blocks": {"a": 1, "b": 1}}})
    (pytorch,) = [e for e in track(shelf.runs(tmp_path), RATE).series if e.side == "pytorch"]
    said = [each for each in pytorch.sentences if "over machines of --cluster" in each]
    assert len(said) == over


def test_one_run_is_one_and_what_a_job_does_not_set_is_a_dash(tmp_path):
    tracked.run(tmp_path, 1, 1.0)
    tracked.run(tmp_path, 2, 1.0, late_epoch=5)
    first, second = [e for e in track(shelf.runs(tmp_path), RATE).series if e.side == "pytorch"]
    assert first.sentences == [
        "One run is too few to show a change at a rate of 1.00 %; it takes 11."
    ]
    assert str(name(first)).endswith("late_epoch -")
    assert str(name(second)).endswith("late_epoch 5")


def test_a_copy_of_a_run_counts_once(tmp_path):
    made = [tracked.run(tmp_path, day, 1.0 + day) for day in range(3)]
    tracked.copied(made[1], "base")
    pytorch, _ = track(shelf.runs(tmp_path), RATE).series
    assert [point.value for point in pytorch.points] == [1.0, 2.0, 3.0]


def test_a_run_that_cannot_be_read_is_named_and_the_others_are_tracked(tmp_path):
    made = [tracked.run(tmp_path, day, 1.0 + day) for day in range(3)]
    (made[1].path / "comparison.json").write_text('{"job": {}, "frameworks": 3}')
    (made[2].path / "comparison.json").unlink()
    found = track(shelf.runs(tmp_path), RATE)
    (damage,) = found.damages
    assert made[1].path.name in damage
    assert [point.value for point in found.series[0].points] == [1.0]


def test_another_quantity_can_be_tracked(output):
    found = track(shelf.runs(output), RATE, PEAK_MEMORY)
    assert {point.value for each in found.series for point in each.points} == {612_000_000}
    assert all(each.changes == [] for each in found.series)


@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_its_page_has_each_series_with_its_figure_and_its_runs(output, tmp_path, language):
    with speaking(language):
        found = run_track(shelf.runs(output), RATE, EPOCH, tmp_path / "new/track")
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {
        f"new/track/{file}"
        for file in (
            *("report.html", "track.json"),
            *(f"figures/series-{n}.{kind}" for n in (1, 2) for kind in ("png", "svg")),
        )
    }
    page = Path(tmp_path / "new/track/report.html").read_text()
    assert page.count("<svg") == 2
    assert f"commit {CHANGED}" in page
    stored = json.loads((tmp_path / "new/track/track.json").read_text())
    assert stored == json.loads(json.dumps(as_dict(found)))
    assert stored["series"][0]["changes"][0]["at"] == CHANGED


def test_the_report_marks_the_run_of_a_change(output):
    text = plain.report(report.report(track(shelf.runs(output), RATE)))
    assert "Changes found: 1, series: 2; rate of false claims: 1.00 %." in text
    (line,) = [each for each in text.splitlines() if each.endswith("times")]
    assert f"commit {CHANGED} " in line


@pytest.mark.parametrize("count", [0, 1])
def test_a_page_is_made_of_however_few_runs(tmp_path, count):
    for day in range(count):
        tracked.run(tmp_path / "runs", day, 1.0)
    run_track(shelf.runs(tmp_path / "runs"), RATE, EPOCH, tmp_path / "track")
    assert (tmp_path / "track/report.html").read_text().count("<svg") == 2 * count


def test_no_run_is_nothing_to_track():
    assert report.headline(track([], RATE)) == (
        "There is nothing to track: no run has a result of that kind."
    )
