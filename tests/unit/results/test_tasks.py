"""Every output names the task's own metric, and no other."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.metrics import metric_names
from twinrun.contract.spec import Target
from twinrun.contract.values import checked_spec

from orchestrator.certificate.evidence import Evidence
from orchestrator.certificate.gaps import EVALUATED_METRICS, gaps
from orchestrator.certificate.judge import Clause, Standard, judge
from orchestrator.certificate.rounding import FLOAT64
from orchestrator.certificate.timed import judge_timed
from orchestrator.exports.tables import TABLES
from orchestrator.figures.titles import titles
from orchestrator.reports.comparison import report
from orchestrator.reports.trials import table as trials_table
from orchestrator.reports.writers import plain
from orchestrator.results.cautions import cautions
from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.results.quantities import TARGET
from orchestrator.storage.machine import Known
from orchestrator.trials.metrics import BY_NAME, target_of
from tests.builders.proofs import evidence
from tests.builders.tasks import BINARY, JOBS, REGRESSION, trial


def compared(job):
    return compare(job, [trial("pytorch", job), trial("tensorflow", job)])


def outputs(job):
    """All texts about a comparison, by where they stand."""
    found = compared(job)
    return {
        "report": plain.report(report(found), 200),
        "json": json.dumps({n: v for n, v in as_dict(found).items() if n != "job"}),
        "titles": json.dumps(list(titles(found).values())),
        "columns": json.dumps({name: list(t.columns(job)) for name, t in TABLES.items()}),
        "trials": json.dumps([c.heading.text for c in trials_table(found.trials).columns]),
    }


@pytest.mark.parametrize("place", ["report", "titles", "columns", "trials"])
def test_a_regression_has_no_accuracy_anywhere(place):
    text = outputs(REGRESSION)[place]
    assert "accurac" not in text.lower()
    assert "R²" in text or "r2" in text or "R\\u00b2" in text


def test_its_further_metrics_are_rows_and_columns():
    texts = outputs(REGRESSION)
    assert "Test RMSE" in texts["report"]
    assert "53.2" in texts["report"]
    assert {"Test R²", "Test RMSE", "Test MAE"} <= set(json.loads(texts["trials"]))
    assert {"test_rmse", "validation_mae"} <= set(json.loads(texts["columns"])["epochs"])
    assert '"test_rmse": 53.2' in texts["json"]


def test_a_binary_job_has_its_metrics_beside_its_accuracy():
    texts = outputs(BINARY)
    assert "Test accuracy" in texts["report"]
    assert "Test ROC AUC" in texts["report"]
    assert "Test accuracies of PyTorch and TensorFlow differ by 0.00 points." in texts["report"]


@pytest.mark.parametrize("job", JOBS)
def test_every_row_of_a_table_has_the_jobs_columns(job):
    for table in TABLES.values():
        assert all(list(row) == list(table.columns(job)) for row in table.rows(compared(job)))


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("which", [0, 1])
def test_a_metric_that_one_side_lacks_is_never_allowed(job, which):
    for name in metric_names(job.loss):
        whole = [trial(each, job) for each in ("pytorch", "tensorflow")]
        if name not in whole[0].epochs[-1].test.others:
            continue
        whole[which] = trial(whole[which].framework, job, without=name)
        beyond = _beyond(*whole)
        assert (EVALUATED_METRICS, name) in beyond
        timed = judge_timed([whole[0]], [whole[1]], None)
        assert timed is not None
        assert not timed.same


@pytest.mark.parametrize(
    ("job", "name", "value"),
    [
        (REGRESSION, "rmse", 53.2 * (1 + 1e-9)),
        (REGRESSION, "mae", 43.1 * (1 + 1e-9)),
        (REGRESSION, "r2", 0.437 + 1e-9),
        (BINARY, "f1", 0.79 + 1e-9),
        (BINARY, "roc_auc", 0.95),
        (BINARY, "average_precision", 0.7),
    ],
)
def test_a_metric_that_differs_is_refused(job, name, value):
    changed = trial("tensorflow", job, changed={name: value})
    assert _beyond(trial("pytorch", job), changed) == {(EVALUATED_METRICS, name)}
    assert not _beyond(trial("pytorch", job), trial("tensorflow", job))


def _beyond(first, second):
    a, b = (_evidence(each) for each in (first, second))
    found = {gap.key: gap for gap in gaps(a, b)}
    by = Standard(first.spec.tolerance, FLOAT64, samples=1000)
    return {(d.quantity, d.tensor) for d in judge(found, [], by) if d.clause is Clause.BEYOND}


def _evidence(of: object) -> Evidence:
    return dataclasses.replace(evidence("pytorch"), trial=of)


@pytest.mark.parametrize(
    ("job", "changed", "same"),
    [
        (REGRESSION, {"rmse": 54.0, "r2": 0.43}, True),
        (REGRESSION, {"r2": 0.1}, False),
        (REGRESSION, {"rmse": 80.0}, False),
        (BINARY, {"roc_auc": 0.93}, True),
        (BINARY, {"roc_auc": 0.5}, False),
    ],
)
def test_timed_trials_are_held_by_all_metrics(job, changed, same):
    other = trial("tensorflow", job, changed=changed)
    found = judge_timed([trial("pytorch", job)], [other], None)
    assert found is not None
    assert found.same is same


def test_a_target_of_a_metric_that_falls_is_reached_from_above():
    job = dataclasses.replace(REGRESSION, target=Target(54.0, "rmse"))
    assert target_of(job) == (BY_NAME["rmse"], 54.0)
    assert TARGET.measure(trial("pytorch"), job) == pytest.approx(1.2)
    missed = dataclasses.replace(REGRESSION, target=Target(50.0, "rmse"))
    assert TARGET.measure(trial("pytorch"), missed) is None
    warned = {caution.code: caution for caution in _cautions(missed)}
    assert "53.2 test RMSE, above the target of 50.0" in warned["BELOW_TARGET"].sentence


def test_a_target_without_a_metric_is_of_the_tasks_own():
    assert target_of(dataclasses.replace(REGRESSION, target=Target(0.4))) == (BY_NAME["r2"], 0.4)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"target": Target(0.9, "roc_auc")}, "target.metric", "it has r2, rmse, mae"),
        ({"target_accuracy": 0.9}, "target_accuracy", "it has r2, rmse, mae"),
        ({"target": Target(1.5)}, "target.value", "to 1.0"),
        ({"target": Target(-1.0, "mae")}, "target.value", "from 0.0"),
        ({"target": Target(0.5), "target_accuracy": 0.5}, "target", "leave one out"),
    ],
)
def test_an_impossible_target_is_named(changes, field, words):
    spec = spec_to_proto(dataclasses.replace(REGRESSION, **changes))
    found = {bad.field: bad.message for bad in checked_spec(spec, 1)[1]}
    assert words in found[field]


@pytest.mark.parametrize(
    ("job", "changed", "warned"),
    [
        (REGRESSION, {"r2": 0.0}, True),
        (REGRESSION, {"r2": -3.0}, True),
        (REGRESSION, {"r2": 0.01}, False),
        (BINARY, {"roc_auc": 0.5}, True),
        (BINARY, {"roc_auc": 0.51}, False),
    ],
)
def test_a_job_that_has_learned_nothing_is_remarked_without_a_target(job, changed, warned):
    codes = {caution.code for caution in _cautions(job, changed)}
    assert ("NOTHING_LEARNED" in codes) is warned
    aimed = dataclasses.replace(job, target=Target(0.4, metric_names(job.loss)[0]))
    assert "NOTHING_LEARNED" not in {caution.code for caution in _cautions(aimed, changed)}


def _cautions(job, changed=None):
    plain = dataclasses.replace(job, target=None)
    trials = {"pytorch": [trial("pytorch", plain, changed=changed)]}
    return cautions(trials, job, [], None, Known(), counted=trials)


@given(st.sampled_from(sorted(BY_NAME)), st.floats(0, 1), st.floats(0, 1))
def test_a_value_reaches_itself_and_one_direction_only(name, value, target):
    metric = BY_NAME[name]
    assert metric.reaches(value, value)
    assert metric.reaches(value, target) or metric.reaches(target, value)
