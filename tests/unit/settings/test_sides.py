"""Sides as --side names them: what they mean for a job, and everything that is wrong at once."""

import pytest
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.settings import config
from orchestrator.settings.sides import baseline, sides
from orchestrator.trials.sides import ARITHMETIC, HOW, OWN, SHARED, WORK, as_flag
from orchestrator.trials.spec import spec_of

SPEC = config.job_spec("synthetic-mlp", {})


def names(*texts):
    return [side.name for side in sides(texts, SPEC)]


def test_a_side_is_a_framework_and_what_it_changes():
    assert names("pytorch", "pytorch: execution=compiled, threads=1") == [
        "pytorch",
        "pytorch-execution=compiled,threads=1",
    ]


def test_what_changes_nothing_is_left_out():
    epsilon = spec_of(SPEC, "a test").optimizer.kind.epsilon
    given = ("pytorch: execution=default", f"tensorflow: optimizer.adam.epsilon={epsilon}")
    assert names(*given) == ["pytorch", "tensorflow"]


def test_sides_that_train_the_same_get_letters_however_they_are_written():
    again = "pytorch: optimizer.adam.epsilon=0.001"
    other = "pytorch: optimizer.adam.epsilon=1e-3"
    changed = "optimizer.adam.epsilon=0.001"
    assert names(again, "tensorflow", other) == [
        f"pytorch-a,{changed}",
        "tensorflow",
        f"pytorch-b,{changed}",
    ]


def test_commas_within_a_value_do_not_end_it():
    text = "pytorch: optimizer={sgd: {momentum: 0.9}, learning_rate: 0.05}, batch_size=32"
    (side,) = sides([text], SPEC)
    spec = side.spec(SPEC)
    assert (spec.optimizer.sgd.momentum, spec.batch_size) == (0.9, 32)
    assert spec.optimizer.decayed  # complete, as a runner returns it
    assert sides([as_flag(side.name)], SPEC) == (side,)


def test_everything_that_is_wrong_is_named_at_once():
    given = [
        "pytorhc: executon=compiled, precision=bfloat",
        "tensorflow: dataset.train_limit=3, seed=3, threads=-1",
        "pytorch: batch_size=0, batch_size=3, compiled",
        "pytorch: optimizer.sgd.momentum=0.9",
        "pytorch: optimizer={",
        "tensorflow: batch_size=0",
    ]
    with pytest.raises(BadInput) as refused:
        sides(given, SPEC)
    for part in (
        "did you mean pytorch?",
        "no field executon; did you mean execution?",
        "precision is 'bfloat'; it must be float32 or float64 or bfloat16",
        "dataset.train_limit cannot differ between sides",
        "seed is one for all sides",
        "it changes batch_size twice",
        "another kind of 'optimizer'",
        "is not YAML",
        "batch_size is 0",
    ):
        assert part in str(refused.value)


@pytest.mark.parametrize("text", ["pytorch: compiled", "pytorch: =3", "pytorch: threads="])
def test_what_is_no_change_is_refused(text):
    with pytest.raises(BadInput, match="is no change"):
        sides([text], SPEC)


def test_a_side_whose_name_no_file_could_have_is_refused():
    with pytest.raises(BadInput, match="too long"):
        sides([f"pytorch: layers=[{', '.join(20 * ['{dense: {units: 10}}'])}]"], SPEC)


def test_there_are_not_more_sides_than_a_comparison_takes():
    with pytest.raises(BadInput, match="at most 8 sides"):
        sides([f"pytorch: threads={count}" for count in range(1, 10)], SPEC)


def test_the_baseline_may_be_written_as_the_side_is():
    compared = sides(["pytorch", "pytorch: execution=compiled"], SPEC)
    wanted = "pytorch-execution=compiled"
    assert baseline("pytorch: execution=compiled", compared, SPEC) == wanted
    assert baseline(wanted, compared, SPEC) == wanted
    with pytest.raises(BadInput, match="--baseline"):
        baseline("pytorch: threads=1", compared, SPEC)


def test_it_is_known_of_every_field_of_a_job_what_its_change_means():
    groups = (HOW, ARITHMETIC, WORK, SHARED)
    every = [field for group in groups for field in group]
    assert len(every) == len(set(every))
    assert set(every) == {field.name for field in job_pb2.JobSpec.DESCRIPTOR.fields}
    assert OWN < ARITHMETIC
