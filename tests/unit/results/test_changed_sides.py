"""Comparisons of sides that change the job on purpose."""

from dataclasses import replace

import pytest
from twinrun.v1 import job_pb2

from orchestrator.exports.tables import TABLES
from orchestrator.gate.fault import Fault
from orchestrator.gate.peers import Peers
from orchestrator.page.answers import answers
from orchestrator.reports import markdown
from orchestrator.reports.comparison import report
from orchestrator.reports.reproduction import of_comparison
from orchestrator.results.comparison import compare, same_job
from orchestrator.storage.about import About, Kind
from orchestrator.trials.sides import Side
from tests.builders.comparisons import NOISE, timed
from tests.builders.events import JOB, job

PYTORCH = "pytorch"
SMALL = Side("pytorch", (("optimizer.adam.epsilon", "1e-7"),)).name
COMPILED = Side("tensorflow", (("execution", "compiled"),)).name
SPECS = {
    PYTORCH: JOB,
    SMALL: job(optimizer={"adam": {"epsilon": 1e-7}, "learning_rate": 0.001}),
    COMPILED: job(execution="EXECUTION_COMPILED"),
}


def trials(side, seconds=1.0, **inputs):
    for number, noise in enumerate(NOISE, 1):
        made = timed(side, seconds * noise, number)
        yield replace(made, spec=SPECS[side], inputs=replace(made.inputs, **inputs))


def compared(*groups):
    made = [trial for group in groups for trial in group]
    return compare(JOB, made, sides=list(dict.fromkeys(trial.framework for trial in made)))


def test_other_arithmetic_is_named_first_and_is_no_failure():
    found = compared(trials(PYTORCH), trials(SMALL, 2.0))
    assert found.finding.startswith(
        "These are not the same job, on purpose: PyTorch and PyTorch (epsilon=1e-7) differ in "
        "optimizer.adam.epsilon. PyTorch trained "
    )
    assert same_job(found) is None
    (change,) = found.changed
    assert change.field == "optimizer.adam.epsilon"
    assert change.values[SMALL] == 1e-7
    assert not any(each.code.startswith("CERTIFICATE") for each in found.cautions)
    assert found.inputs.sentence.startswith("All trials had the same data, initial weights")


def test_a_change_of_how_a_job_runs_is_listed_and_remains_the_same_job():
    found = compared(trials(PYTORCH), trials(COMPILED, 2.0))
    assert "on purpose" not in found.finding
    assert [each.field for each in found.changed] == ["execution"]
    assert "CERTIFICATE_MISSING" in {each.code for each in found.cautions}


def test_sides_that_should_agree_may_not_differ_because_another_one_does():
    other = {"initial_weights_sha256": 64 * "b"}
    allowed = compared(trials(PYTORCH), trials(SMALL, **other), trials(COMPILED))
    assert allowed.inputs.same
    assert allowed.inputs.sentence.startswith("All trials had the same data; their sides change")
    planted = compared(trials(PYTORCH), trials(SMALL), trials(COMPILED, **other))
    assert planted.inputs.differences == ("initial_weights_sha256",)
    assert same_job(planted) is False


def test_other_data_are_never_on_purpose():
    found = compared(trials(PYTORCH), trials(SMALL, data_sha256=64 * "b"))
    assert "the training or test data differed" in found.finding


def test_another_number_of_steps_is_named():
    side = Side("pytorch", (("batch_size", "32"),)).name
    made = [replace(each, framework=side) for each in trials(PYTORCH)]
    found = compared(trials(PYTORCH), [replace(t, spec=job(batch_size=32)) for t in made])
    assert "differ in batch_size. An epoch of each takes the same samples, in a" in found.finding


def test_every_report_has_the_table():
    found = compared(trials(PYTORCH), trials(SMALL))
    grids = [part for part in report(found) if getattr(part, "rows", None)]
    rows = [each for grid in grids for each in grid.rows if each.name == "optimizer.adam.epsilon"]
    assert [each.values for each in rows] == [["1e-08", "1e-07"]]
    assert "#### Changed on purpose" in markdown.text(found, "a title")
    rows = list(TABLES["changed"].rows(found))
    assert [(row["side"], row["value"]) for row in rows] == [(PYTORCH, "1e-08"), (SMALL, "1e-07")]
    about = About("r", Kind.COMPARE, "w", None, tuple(found.trials))
    same = answers(found, about)[1]
    assert same.short == "No, on purpose"
    command = of_comparison(found, "w").lines[-1]
    assert "--side pytorch --side 'pytorch: optimizer.adam.epsilon=1e-7'" in command


def test_like_sides_have_as_many_steps_and_all_as_many_samples():
    def event(**inputs):
        return job_pb2.JobEvent(inputs=job_pb2.Inputs(train_samples=10, **inputs))

    peers = Peers()
    peers.check("pytorch", event(steps_per_epoch=5))
    peers.check("pytorch-batch_size=4", event(steps_per_epoch=3))
    for side, steps in (("tensorflow-execution=eager", 3), ("tensorflow-batch_size=4", 5)):
        with pytest.raises(Fault, match="steps_per_epoch"):
            peers.check(side, event(steps_per_epoch=steps))
    with pytest.raises(Fault, match="train_samples"):
        peers.check("pytorch-batch_size=2", job_pb2.JobEvent(inputs=job_pb2.Inputs()))
