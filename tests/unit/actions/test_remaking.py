"""All that follows from a run's events is made again, whatever wrote them, and with little work."""

import json
import shutil
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import json_format
from safetensors.numpy import save
from twinrun.v1 import job_pb2

from orchestrator import page
from orchestrator.actions import explain, finish
from orchestrator.actions.remake import remake
from orchestrator.actions.shown import shown
from orchestrator.certificate import certificate_file
from orchestrator.errors import RunUnreadable
from orchestrator.figures.renderer import Renderer
from orchestrator.reports.writers import plain
from orchestrator.results import history
from orchestrator.results.habits.numbering import number_of
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.storage.about import Kind
from orchestrator.storage.store import Run
from tests.builders.drawn import drawings
from tests.builders.stored import SPEC_OF_MNIST, add_trial, compared, create, explained, verified

KEPT = Path(__file__).parents[2] / "builders/kept"


def names(run):
    return {path.name for path in (run.path / "figures").iterdir()}


def made(run):
    """As `remake`, in this process alone."""
    comparison = finish.comparison_of(run)
    drawn = drawings(comparison)
    page.render(page.comparison_page(comparison, run.about(), drawn))


def calls(run):
    """How many calls of functions it takes: the same on every machine, whatever else it does."""
    number = 0

    def count(_frame, event, _argument):
        nonlocal number
        number += event in ("call", "c_call")

    made(run)  # imports, and fills caches
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        made(run)
    finally:
        sys.setprofile(before)
    return number


def test_a_report_of_twenty_trials_is_not_much_more_work_than_one_of_two(tmp_path):
    few = compared(tmp_path, 1, epochs=5, steps=938)
    run = compared(tmp_path, 10, epochs=5, steps=938)
    assert calls(run) / calls(few) < 2.5  # 1.9
    remake(run)
    assert run.page_path.stat().st_size < 3_000_000
    text = run.page_path.read_text()
    assert text.count("succeeded") >= 20
    assert "ratios.svg" in names(run)


def test_a_run_of_an_earlier_version_is_reported_as_one_of_today(tmp_path):
    (kept,) = KEPT.iterdir()
    run = Run(Path(shutil.copytree(kept, tmp_path / kept.name)))
    assert "warnings" not in run.result("comparison")
    remake(run)
    assert {"warnings", "ratios", "agreements"} <= run.result("comparison").keys()
    assert "which does not show who is faster" in run.page_path.read_text()
    assert {"overview.png", "accuracy.svg", "certificate.svg"} <= names(run)


def test_what_is_made_again_is_what_was_made(tmp_path):
    run = compared(tmp_path)
    with closing(Renderer()) as renderer:
        finish.finish(run, renderer, lambda _: None)
    before = {path.name: path.read_bytes() for path in (run.path / "figures").iterdir()}
    page, comparison = run.page_path.read_bytes(), run.result("comparison")
    shutil.rmtree(run.path / "figures")
    run.page_path.unlink()
    remake(run)
    assert run.page_path.read_bytes() == page
    assert run.result("comparison") == comparison
    assert {path.name: path.read_bytes() for path in (run.path / "figures").iterdir()} == before


def test_a_run_that_was_killed_in_an_epoch_is_reported(tmp_path):
    run = compared(tmp_path)
    events = run.path / "events" / "tensorflow-1.jsonl"
    events.write_bytes(events.read_bytes()[:-3000])
    remake(run)
    assert "was not followed to its end" in run.page_path.read_text()


def test_a_certificate_is_reported_from_what_is_kept_of_it(tmp_path):
    run = verified(tmp_path)
    before = run.certificate()
    remake(run)
    assert run.certificate() == before
    assert "The same job: in float64" in run.page_path.read_text()
    assert names(run) == {"certificate.svg", "certificate.png"}


@pytest.mark.parametrize("kind", [Kind.RECIPES, Kind.LOOPS])
def test_runs_within_a_run_are_reported_with_it(tmp_path, kind):
    outer = compared(tmp_path, kind=kind)
    shutil.rmtree(outer.path / "events")
    name = {"recipes": "matched", "loops": "fit"}[kind]
    inner = compared(tmp_path / "elsewhere")
    shutil.move(inner.path, outer.path / name)
    remake(outer)
    assert f"{name}/report.html" in outer.page_path.read_text()
    assert (outer.path / name / "report.html").exists()
    assert outer.result(kind) is not None


def test_an_explanation_is_reported(tmp_path):
    run = compared(tmp_path, kind=Kind.EXPLAIN)
    for framework in ("pytorch", "tensorflow"):
        add_trial(run, framework, number_of(PITFALLS[0]))
    remake(run)
    assert len(run.result("explanation")["rows"]) == 2
    assert PITFALLS[0].title in run.page_path.read_text()
    found = explain.finish(run, ("pytorch", "tensorflow"))
    assert ([len(rows) for rows in found.pairs], found.passed) == ([2], [])


@pytest.mark.parametrize("workload", ["my-loops", "my-recipes", "verify-mine", "explain-mine"])
def test_a_workload_may_be_called_as_other_runs_are(tmp_path, workload):
    run = compared(tmp_path, workload=workload)
    remake(run)
    text = run.page_path.read_text()
    assert run.result("comparison")["verdict"]["sentence"] in text
    assert f"<title>{workload}" in text


def test_a_renamed_run_is_reported_as_what_it_is(tmp_path):
    made = compared(tmp_path, kind=Kind.EXPLAIN)
    run = Run(made.path.rename(tmp_path / "mine-recipes"))
    remake(run)
    assert len(run.result("explanation")["rows"]) == 1


def test_a_run_without_anything_says_so(tmp_path):
    run = create(tmp_path)
    with pytest.raises(RunUnreadable, match="nothing to report"):
        remake(run)


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_reported(tmp_path):
    run = compared(tmp_path, 2)
    (run.path / "certificate.json").write_text("{")
    (run.path / "events/tensorflow-2.jsonl").write_text("[]\n")
    (run.path / "machine.json").write_text('{"noise": 3}')
    remake(run)
    result = run.result("comparison")
    found = [w["sentence"] for w in result["warnings"] if w["code"] == "FILE_DAMAGED"]
    for sentence, named in zip(
        found,
        ("certificate.json is not JSON", "machine.json cannot be read: noise is 3", "tensorflow-2"),
        strict=True,
    ):
        assert named in sentence
    assert result["certificate"] is None
    assert len(result["verdict"]["pair_ratios"]) == 1
    assert "certificate.json is not JSON" in run.page_path.read_text()


def damaged(run, name):
    (run.path / "events" / f"{name}.jsonl").write_text("[]\n")


def test_an_explanation_is_reported_without_a_trial_that_cannot_be_read(tmp_path):
    run = explained(tmp_path)
    (run.path / "asked.json").write_text("{")
    damaged(run, f"tensorflow-{number_of(PITFALLS[0])}")
    remake(run)
    result = run.result("explanation")
    assert [row["pitfall"] for row in result["rows"]] == [None]
    assert [each["code"] for each in result["warnings"]] == ["FILE_DAMAGED", "FILE_DAMAGED"]
    for place in ("tensorflow-2.jsonl", "asked.json"):
        assert sum(place in each["sentence"] for each in result["warnings"]) == 1
        assert place in run.page_path.read_text()
        assert place in plain.report(shown(run).parts(), width=10_000)
    assert history.entry(run).warnings == ["FILE_DAMAGED"]


def test_an_explanation_of_which_no_trial_can_be_read_says_so(tmp_path):
    run = compared(tmp_path, kind=Kind.EXPLAIN)
    damaged(run, "tensorflow-1")
    remake(run)
    assert "tensorflow-1.jsonl" in run.page_path.read_text()
    assert "tensorflow-1.jsonl" in plain.report(shown(run).parts(), width=10_000)


def proven(output):
    """The trials of a certificate of three sides, which agree, and no certificate yet."""
    sides = ("pytorch", "tensorflow", "pytorch-loop=custom")
    spec = {**SPEC_OF_MNIST, "precision": "PRECISION_FLOAT64", "report_step_details": True}
    message = json_format.ParseDict(spec, job_pb2.JobSpec())
    run = create(output, "w", message, kind=Kind.VERIFY, sides=sides)
    weights = save({"layers.1.kernel": np.ones((2, 3))})
    logits = save({"logits": np.eye(4), "labels": np.arange(4)})
    for side in sides:
        add_trial(run, side, 1, detailed=True)
        run.write_initial_weights(side, 1, weights)
        run.write_weights(side, 1, weights)
        run.write_logits(side, 1, logits)
        for other in sides:
            run.write_logits_again(side, other, logits)
    return run


def seconds(certificates):
    return [each.second for each in certificates.pairs]


@pytest.mark.parametrize("where", ["events/tensorflow-1.jsonl", "weights/tensorflow-1.safetensors"])
def test_a_certificate_is_made_of_the_trials_that_can_be_read(tmp_path, where):
    run = proven(tmp_path)
    (run.path / where).write_text("[]\n")
    remake(run)
    assert seconds(certificate_file.of_run(run)) == ["pytorch-loop=custom"]
    assert "tensorflow-1" in run.page_path.read_text()


@pytest.mark.parametrize("where", ["events/tensorflow-1.jsonl", "weights/tensorflow-1.safetensors"])
@pytest.mark.parametrize("how", [Path.unlink, lambda path: path.write_text("[]\n")])
def test_a_certificate_that_was_made_before_a_trial_was_damaged_stays(tmp_path, where, how):
    run = proven(tmp_path)
    remake(run)
    before = run.certificate()
    assert seconds(certificate_file.of_run(run)) == ["tensorflow", "pytorch-loop=custom"]
    how(run.path / where)
    remake(run)
    assert run.certificate() == before


def test_a_damaged_certificate_is_made_again_from_its_trials_and_both_say_so(tmp_path):
    run = proven(tmp_path)
    (run.path / "certificate.json").write_text("{")
    assert "certificate.json is not JSON" in plain.report(shown(run).parts(), width=10_000)
    remake(run)
    assert "certificate.json is not JSON" in run.page_path.read_text()
    assert len(certificate_file.of_run(run).pairs) == 2


def test_a_certificate_of_which_nothing_can_be_read_is_refused_by_its_file(
    tmp_path,
):
    run = verified(tmp_path)
    (run.path / "certificate.json").write_text("{")
    for command in (remake, shown):
        with pytest.raises(RunUnreadable, match=r"certificate\.json is not JSON"):
            command(run)


def test_the_page_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    run = compared(tmp_path)
    remake(run)
    before = run.page_path.read_bytes()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(Exception, match="Cannot write"):
        run.write_page(b"<half")
    assert run.page_path.read_bytes() == before
    assert json.loads((run.path / "comparison.json").read_text())
