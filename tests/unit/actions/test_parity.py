"""A run of a parity table: read back from its trials, written as JSON, Markdown and a page."""

import pytest

from orchestrator.actions import parity
from orchestrator.errors import RunUnreadable
from orchestrator.results.parity import Apart
from tests.builders.parities import stored


def test_a_row_is_read_from_the_trials_of_both_recipes(tmp_path):
    found, cautions = parity.found_in(stored(tmp_path))
    (row,) = found.rows
    assert (row.group, row.case, row.precision, row.side) == (
        *("layers", "dense", "float32"),
        "tensorflow",
    )
    assert row.matched == row.own == Apart(0, 0)
    assert row.agrees
    assert found.versions.keys() == {"pytorch", "tensorflow"}
    assert cautions == []


def test_a_wrong_step_of_one_side_is_found(tmp_path):
    found, _ = parity.found_in(stored(tmp_path, wrong=1e-3))
    assert found.wrong == found.rows
    assert found.rows[0].matched.gradient == pytest.approx(1e-3, rel=1e-2)


def test_a_trial_that_failed_leaves_its_place_empty_and_its_reason(tmp_path):
    found, _ = parity.found_in(stored(tmp_path, failed=True))
    (row,) = found.rows
    assert row.agrees
    assert row.own is None
    assert "SIGKILL" in str(found.lacking[0])


def test_what_was_not_begun_has_no_row_and_half_a_pair_no_numbers(tmp_path):
    run = stored(tmp_path)
    for name in ("pytorch-2", "tensorflow-2", "tensorflow-1"):
        (run.path / f"events/{name}.jsonl").unlink()
    (row,) = parity.found_in(run)[0].rows
    assert (row.matched, row.own) == (None, None)
    (run.path / "events/pytorch-1.jsonl").unlink()
    assert list(parity.found_in(run)[0].rows) == []


def test_it_leaves_a_file_a_text_and_a_page(tmp_path):
    run = stored(tmp_path, wrong=1e-3, failed=True)
    parity.finish(run)
    assert run.result("parity")["rows"][0]["agrees"] is False
    text = (run.path / "parity.md").read_text()
    assert "| dense | 0 | 1.0e-03 | - | - |" in text
    page = run.page_path.read_text()
    assert "0 of 1 rows agree as matched jobs" in page
    assert "What could not be run" in page


def test_weights_that_cannot_be_read_are_a_warning_and_the_rest_is_shown(tmp_path):
    run = stored(tmp_path)
    (run.path / "weights/tensorflow-1.safetensors").write_text("{")
    found, cautions = parity.found_in(run)
    assert found.rows[0].matched is None
    assert found.rows[0].own == Apart(0, 0)
    assert "safetensors" in str(cautions[0].sentence)


def test_a_run_without_its_plan_names_the_file(tmp_path):
    run = stored(tmp_path)
    (run.path / "plan.json").write_text("[]")
    with pytest.raises(RunUnreadable, match=r"plan\.json"):
        parity.found_in(run)


def test_a_plan_of_a_group_that_there_is_not_names_the_file(tmp_path):
    run = stored(tmp_path)
    path = run.path / "plan.json"
    path.write_text(path.read_text().replace('"layers"', '"twice"'))
    with pytest.raises(RunUnreadable, match=r"plan\.json"):
        parity.found_in(run)
