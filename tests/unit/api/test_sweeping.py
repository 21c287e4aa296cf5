"""A sweep and limits by functions: what is asked of the actions, and every refusal at once."""

import inspect
from pathlib import Path

import numpy as np
import pytest

import orchestrator
from orchestrator.actions.cluster import train as clusters
from orchestrator.actions.sweeps import train
from orchestrator.api import proving
from orchestrator.errors import BadInput
from orchestrator.settings import grid as grids
from orchestrator.settings.job import JobFlags
from orchestrator.storage import clustering
from orchestrator.storage.about import Kind
from orchestrator.storage.clustering import ClusterPlan
from tests.builders.stored import create


class Stopped(Exception):
    """Nothing is to run."""


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Calls `sweep`, and returns what it asks the action for."""

    def asked(**given):
        requests = []

        def stop(request, runners, display):
            requests.append(request)
            raise Stopped

        monkeypatch.setattr(train, "sweep", stop)
        with pytest.raises(Stopped):
            orchestrator.sweep(workload="synthetic-mlp", output=tmp_path, **given)
        return requests[0]

    return asked


def test_lists_are_axes_as_texts_are_of_the_command(asked):
    request = asked(
        batch_size=[16, 64],
        execution=("default", "compiled"),
        axes={"optimizer.learning_rate": np.array([0.1, 0.01])},
        changes={"seed": 3},
        threads=1,
        repeats=6,
        until_sure=True,
        frameworks="pytorch,tensorflow",
        baseline="tensorflow",
    )
    assert request.grid.axes == {
        "batch_size": [16, 64],
        "execution": ["default", "compiled"],
        "optimizer.learning_rate": [0.1, 0.01],
    }
    assert len(request.jobs) == 8
    assert {spec.seed for spec in request.jobs.values()} == {3}
    assert {spec.threads for spec in request.jobs.values()} == {1}
    assert (request.plan.repeats, request.plan.precision) == (6, 0.02)
    assert request.baseline == "tensorflow"


def test_an_a_a_test_of_a_list_with_one_value_beside_another(asked):
    request = asked(batch_size=np.array([16, 32]), threads=[1], aa="pytorch")
    assert [*request.grid.axes] == ["batch_size"]
    assert [type(each) for each in request.grid.axes["batch_size"]] == [int, int]
    assert [side.name for side in request.sides] == ["pytorch-a", "pytorch-b"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch_size": 16}, "orchestrator.compare()"),
        ({}, "such as batch_size=[16, 64, 256]"),
        ({"batch_size": []}, "batch_size has no value in '[]'"),
        ({"batch_size": [16, 16]}, "batch_size has the value 16 twice"),
        ({"batch_size": [16, "64"]}, "batch_size takes whole numbers; it was given '64'"),
        ({"batch_size": [16, 6.5]}, "batch_size takes whole numbers; it was given 6.5"),
        ({"batch_size": [True, 16]}, "whole numbers; it was given True"),
        ({"learning_rate": ["a", 1]}, "learning_rate takes numbers; it was given 'a'"),
        ({"execution": ["default", "jit"]}, "execution is 'jit'; it can be default, eager"),
        ({"schedule": ["cosine=3", "cosine=4"]}, "schedule takes one value, not a list"),
        ({"axes": {"loss": "mse"}}, "loss takes a list of values; it was given 'mse'"),
        ({"axes": {"seed": [1, {2}]}}, "seed takes texts, numbers, lists and dicts"),
        ({"axes": {"sede": [1, 2]}}, "did you mean seed?"),
        ({"batch_size": [16, 32], "repeats": 0}, "repeats is 0; it must be 1 or more"),
        ({"batch_size": [16, 32], "baseline": "caffe"}, "baseline is 'caffe'"),
    ],
)
def test_what_is_no_grid_is_refused_in_words_of_python(given, said, tmp_path):
    with pytest.raises(BadInput) as refused:
        orchestrator.sweep(workload="synthetic-mlp", output=tmp_path, **given)
    assert said in str(refused.value)
    assert "--" not in str(refused.value)
    assert not [*tmp_path.iterdir()]


def test_all_lists_that_cannot_be_axes_are_named_at_once():
    with pytest.raises(BadInput) as refused:
        grids.of_values(JobFlags(), {"epochs": ["x"], "threads": []}, {"seed": 4}, {})
    said = str(refused.value)
    assert "epochs takes whole" in said
    assert "threads has no value" in said
    assert "seed takes a list" in said


def test_an_unknown_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="batchsize"):
        orchestrator.sweep(batchsize=[1, 2])
    assert "batch_size" in inspect.signature(orchestrator.sweep).parameters


def test_a_condition_is_checked_before_anything_runs(tmp_path):
    with pytest.raises(BadInput, match="ratoi"):
        orchestrator.compare("synthetic-mlp", fail_if="ratoi > 1", output=tmp_path)
    with pytest.raises(BadInput, match="fail_if_slower is '5x'"):
        orchestrator.diff("a", "b", output=tmp_path, fail_if_slower="5x")


@pytest.fixture
def stops(monkeypatch):
    """What a function asks the named action for, before anything runs."""

    def stops(module, name, call):
        asked = []

        def stop(*given):
            asked.append(given)
            raise Stopped

        monkeypatch.setattr(module, name, stop)
        with pytest.raises(Stopped):
            call()
        return asked[0]

    return stops


def test_a_sweep_over_machines_is_asked_for_with_its_file(stops, tmp_path):
    def call(**given):
        orchestrator.sweep("synthetic-mlp", batch_size=[16, 64], cluster="hosts.toml", **given)

    request, source, _ = stops(train, "sweep_over", call)
    assert [cell.name for cell in request.grid.cells] == ["batch_size=16", "batch_size=64"]
    assert source.text == str(Path("hosts.toml").absolute())
    with pytest.raises(BadInput, match="leave out pytorch"):
        call(pytorch="here:1", output=tmp_path)


def test_resume_takes_each_kind_where_it_runs(stops, tmp_path):
    sweep = create(tmp_path / "sweep", kind=Kind.SWEEP, sides=("pytorch", "tensorflow"))
    run, *_ = stops(train, "resume", lambda: orchestrator.resume(sweep.path))
    assert run.path == sweep.path
    plan = ClusterPlan("hosts.toml", {}, {}, "seed", "a", 2, False, False, False, 60.0)
    clustering.write(sweep, plan)
    _, cluster, _ = stops(train, "resume_over", lambda: orchestrator.resume(sweep.path))
    assert cluster is None
    with pytest.raises(BadInput, match="leave out tensorflow"):
        orchestrator.resume(sweep.path, tensorflow="here:1")

    compared = create(tmp_path / "compared", sides=("pytorch", "tensorflow"))
    with pytest.raises(BadInput, match="is of no cluster, so it cannot go on"):
        orchestrator.resume(compared.path)
    clustering.write(compared, plan)
    resumed = stops(
        clusters,
        "resume",
        lambda: orchestrator.resume("latest", tmp_path / "compared", cluster="b.toml"),
    )
    assert resumed[1] == "b.toml"


def test_verify_takes_several_numbers_of_devices_as_sides(stops):
    def call(devices, **given):
        return lambda: orchestrator.verify("synthetic-mlp", devices=devices, **given)

    request, *_ = stops(proving.proof, "verify", call("1,2,4", frameworks="pytorch"))
    assert [side.name for side in request.sides] == [
        *("pytorch", "pytorch-devices=2", "pytorch-devices=4"),
    ]
    assert request.spec.devices == 1
    request, *_ = stops(proving.proof, "verify", call(2))
    assert [side.name for side in request.sides] == ["pytorch", "tensorflow"]
    assert request.spec.devices == 2
    with pytest.raises(BadInput, match="takes numbers of devices"):
        call("one")()
