"""Each kind of run shows what it is: on a terminal, in a notebook, exported, in a difference."""

import json

import pytest

from orchestrator.actions.shown import only_comparison, shown
from orchestrator.actions.variants import finish
from orchestrator.api.functions import load
from orchestrator.api.result import Record
from orchestrator.errors import BadInput
from orchestrator.exports import export as exporting
from orchestrator.language.phrases import LANGUAGES, speaking
from orchestrator.reports.writers import plain
from orchestrator.results import history
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.results.variants import CHANGES
from orchestrator.storage.about import Kind
from orchestrator.storage.store import Run, within
from tests.builders.parities import stored
from tests.builders.stored import add_trial, compared, create, explained, several, swept, verified

MADE = {
    Kind.VERIFY: verified,
    Kind.EXPLAIN: explained,
    Kind.PARITY: stored,
    Kind.RECIPES: lambda output: several(output, Kind.RECIPES),
    Kind.LOOPS: lambda output: several(output, Kind.LOOPS),
    Kind.SWEEP: swept,
}
SAID = {
    Kind.VERIFY: "The same job: in float64",
    Kind.EXPLAIN: PITFALLS[0].title,
    Kind.PARITY: "1 of 1 rows agree as matched jobs",
    Kind.RECIPES: "idiomatic: PyTorch took 2.00 s an epoch and TensorFlow 1.00 s",
    Kind.LOOPS: "a hand-written loop, op by op: PyTorch took 2.00 s an epoch and TensorFlow 1.00 s",
    Kind.SWEEP: "it takes 6 blocks of each cell, and one has 1.",
}
KINDS = pytest.mark.parametrize("kind", MADE)


def text(run):
    """As a terminal shows it, each sentence on one line."""
    return plain.report(shown(run).parts(), width=10_000)


@KINDS
def test_each_kind_is_shown_as_what_it_is(tmp_path, kind):
    assert SAID[kind] in text(MADE[kind](tmp_path))


@pytest.mark.parametrize("kind", [Kind.VERIFY, Kind.EXPLAIN, Kind.PARITY])
def test_trials_of_different_jobs_or_untimed_ones_get_no_verdict(tmp_path, kind):
    run = MADE[kind](tmp_path)
    assert "times as fast" not in text(run)
    assert "verdict" not in shown(run).mapping


@KINDS
def test_its_file_and_what_is_shown_as_json_are_the_same(tmp_path, kind):
    schema = {Kind.VERIFY: "certificate", Kind.EXPLAIN: "explanation"}.get(kind, kind.value)
    assert str(shown(MADE[kind](tmp_path)).mapping["schema"]).startswith(f"twinrun.{schema}/")


@KINDS
def test_it_is_loaded_as_a_record_that_shows_itself(tmp_path, kind):
    run = MADE[kind](tmp_path)
    record = load(run.path)
    assert isinstance(record, Record)
    assert record.kind == kind
    assert SAID[kind] in record._repr_html_()
    assert record.to_dict() == json.loads(json.dumps(shown(run).mapping))
    inner = ("batch_size=16", "batch_size=64") if kind is Kind.SWEEP else CHANGES.get(kind, {})
    assert list(record.comparisons) == list(inner)
    for name, result in record.comparisons.items():
        assert result.path == run.path / name
        assert result.verdict.faster == "tensorflow"


@KINDS
def test_it_is_exported_as_text_and_its_trials_are_not_pooled(tmp_path, kind):
    run = MADE[kind](tmp_path)
    folder = exporting.export(run, "markdown", None, force=False)
    assert SAID[kind] in (folder / "result.md").read_text()
    with pytest.raises(BadInput, match=str(run.path)):
        exporting.export(run, "csv", None, force=False)


@KINDS
def test_two_of_them_are_not_compared_as_if_their_trials_were_of_one_job(tmp_path, kind):
    run = MADE[kind](tmp_path)
    with pytest.raises(BadInput, match=str(run.path)):
        only_comparison(run)


def test_a_comparison_is_shown_as_before(tmp_path):
    run = compared(tmp_path)
    assert "PyTorch took 0.541 s an epoch and TensorFlow 0.494 s" in text(run)
    assert only_comparison(run).trials
    assert load(run.path).verdict is not None


@pytest.mark.parametrize("kind", Kind)
def test_a_run_of_which_nothing_was_finished_shows_nothing(tmp_path, kind):
    run = create(tmp_path, kind=kind)
    for name in CHANGES.get(kind, {}):
        within(run, name, Kind.COMPARE, ("pytorch",), run.spec())
    assert shown(run) is None
    with pytest.raises(BadInput, match="no trial of it was started"):
        load(run.path)


def test_each_verdict_and_each_warning_says_of_which_variant_it_is(tmp_path):
    run = several(tmp_path, Kind.RECIPES)
    found = text(run)
    assert "matched: PyTorch took 2.00 s an epoch and TensorFlow 1.00 s" in found
    assert "\nCERTIFICATE_MISSING No certificate" in found  # of both, and said once
    mapping = shown(run).mapping
    assert mapping["findings"]["matched"].startswith("PyTorch took 2.00 s an epoch")
    codes = [each["code"] for each in mapping["warnings"]["idiomatic"]]
    assert codes == ["CERTIFICATE_MISSING", "FEW_PAIRS"]
    with speaking(LANGUAGES[1]):
        assert "matched: " not in text(run)


def test_a_warning_of_one_variant_names_it_and_the_list_of_runs_knows_it(tmp_path):
    run = several(tmp_path, Kind.RECIPES)
    inner = Run(run.path / "idiomatic")
    add_trial(inner, "pytorch", 1, seconds=(2.0,), step_losses=[1.0, float("nan")])
    finish(run, Kind.RECIPES)
    assert "NOT_FINITE idiomatic: The losses of PyTorch are not finite" in text(run)
    page = run.page_path.read_text()
    assert "The losses of PyTorch are not finite" in page.partition('id="idiomatic"')[2]
    assert "PyTorch took 2.00 s an epoch and TensorFlow 1.00 s" in page.partition('id="matched"')[2]
    warnings = run.result("recipes")["warnings"].values()
    codes = {each["code"] for of_one in warnings for each in of_one}
    assert set(history.entry(run).warnings) == codes > {"FEW_PAIRS", "NOT_FINITE"}
