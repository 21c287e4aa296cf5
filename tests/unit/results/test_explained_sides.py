"""Differences that are introduced into sides whose jobs differ."""

from dataclasses import replace

import pytest
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import Device, Execution, OwnWay, Precision
from twinrun.contract.losses import SigmoidCrossEntropy
from twinrun.contract.values import checked_spec
from twinrun.v1 import job_pb2

from orchestrator.reports import explanation
from orchestrator.results.habits.pitfalls import NAMES, PITFALLS
from orchestrator.results.habits.touching import why_none
from tests.builders.explained import SGD, TOUCHED, changed, pair, rows

BY_NAME = {pitfall.name: pitfall for pitfall in PITFALLS}
CHANGES = {
    "execution": {"execution": Execution.COMPILED},
    "threads": {"threads": 3},
    "accumulate_steps": {"accumulate_steps": 2},
    "loss": {"loss": SigmoidCrossEntropy()},
    "optimizer": {"optimizer": SGD},
    "precision": {"precision": Precision.FLOAT64},
    "device": {"device": Device.CUDA},
}


@pytest.mark.parametrize("pitfall", PITFALLS, ids=NAMES)
@pytest.mark.parametrize("field", CHANGES)
def test_what_is_introduced_into_sides_that_change_the_job_is_valid_on_each(pitfall, field):
    job, inputs = changed(**TOUCHED.get(pitfall.name, {}))
    jobs = {"pytorch": job, f"tensorflow-{field}=1": replace(job, **CHANGES[field])}
    why = why_none(pitfall, jobs, dict.fromkeys(jobs, inputs))
    if why is None:
        own = OwnWay[job_pb2.OwnWay.Name(pitfall.way).removeprefix("OWN_WAY_")]
        for each in jobs.values():
            asked = spec_to_proto(replace(each, own_ways=(own,)))
            assert checked_spec(asked, default_threads=1)[1] == []
    elif field == "threads":
        assert pitfall.name == "threads" or pitfall.on_gpu


def test_a_difference_that_touches_one_of_the_sides_is_introduced():
    job, inputs = changed()
    jobs = {"pytorch": job, "pytorch-optimizer=1": replace(job, optimizer=SGD)}
    pitfall = BY_NAME["adam-epsilon"]
    assert why_none(pitfall, jobs, {}) is None
    of_sgd = dict.fromkeys(jobs, jobs["pytorch-optimizer=1"])
    assert "the optimizer is SGD" in why_none(pitfall, of_sgd, dict.fromkeys(jobs, inputs))


def test_a_difference_that_would_undo_what_a_side_changes_is_not_introduced():
    job, _ = changed()
    jobs = {
        "pytorch": job,
        "pytorch-execution=compiled": replace(job, execution=Execution.COMPILED),
    }
    for name in ("jit-compile", "data-pipeline"):
        assert why_none(BY_NAME[name], jobs, {}) is not None
    assert "differ in execution" in why_none(BY_NAME["jit-compile"], jobs, {})
    assert why_none(BY_NAME["batch-order"], jobs, {}) is None


def test_sides_that_change_the_job_are_said_to():
    found = [replace(rows(pair())[0], seconds={"pytorch": 1.0, "pytorch-threads=2": 1.0})]
    assert "In every row the sides' jobs differ in threads, on purpose." in explanation.meaning(
        found
    )
    assert "on purpose" not in explanation.meaning(rows(pair()))
