"""Sides: what a name tells of each, and what a side makes of a job."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.trials.sides import (
    Side,
    are_the_same,
    as_flag,
    change_how,
    changed_fields,
    framework_of,
    runner_of,
    twice,
)

FIELDS = st.from_regex(r"[a-z_]+(\.[a-z_]+)?", fullmatch=True)
CHANGES = st.lists(st.tuples(FIELDS, st.text(max_size=20)), max_size=3).map(tuple)


@given(
    st.sampled_from(["pytorch", "other"]),
    CHANGES,
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "2.13", "2.13.0"]),
)
def test_a_name_tells_all_of_a_side_and_is_the_name_of_a_file(framework, changes, letter, version):
    side = Side(framework, changes, letter, version)
    assert Side.named(side.name) == side
    assert framework_of(side.name) == framework
    assert "/" not in side.name
    assert side.name.isprintable()


def test_a_version_is_a_runner_of_its_own_and_the_same_job():
    older = Side("pytorch", (("threads", "1"),), "a", "2.13.0")
    assert older.name == "pytorch-2.13.0,a,threads=1"
    assert runner_of(older.name) == "pytorch-2.13.0"
    assert as_flag(older.name) == "pytorch-2.13.0: threads=1"
    pair = ["pytorch-2.13.0", "pytorch-2.14.1"]
    assert not are_the_same(pair)
    assert are_the_same(["pytorch-2.13.0,a", "pytorch-2.13.0,b"])
    assert change_how(pair)
    assert changed_fields(pair) == []


def test_a_side_is_named_after_what_it_changes():
    assert Side("pytorch").name == "pytorch"
    assert Side("pytorch", letter="a").name == "pytorch-a"
    changed = Side("pytorch", (("execution", "compiled"), ("batch_size", "32")))
    assert changed.name == "pytorch-execution=compiled,batch_size=32"


@pytest.mark.parametrize(
    ("field", "value"),
    [("nothing", "1"), ("epochs", "many"), ("execution", "quick"), ("optimizer", "{"), ("a.b", "")],
)
def test_a_change_that_makes_no_job_is_refused(field, value):
    with pytest.raises(BadInput, match=field):
        Side("pytorch", ((field, value),)).spec(job_pb2.JobSpec())


def test_a_change_may_replace_a_part_of_the_job():
    spec = job_pb2.JobSpec(optimizer={"sgd": {"momentum": 0.9}})
    made = Side("pytorch", (("optimizer", "{adam: {}, learning_rate: 0.1}"),)).spec(spec)
    assert made.optimizer.WhichOneof("kind") == "adam"
    assert spec.optimizer.WhichOneof("kind") == "sgd"


def test_sides_are_the_same_where_framework_and_changes_are():
    changed = Side("pytorch", (("execution", "compiled"),)).name
    assert are_the_same([side.name for side in twice("pytorch")])
    assert not are_the_same(["pytorch", changed])
    assert not are_the_same(["pytorch", "tensorflow"])
    assert changed_fields(["pytorch", changed]) == ["execution"]
    assert change_how(["pytorch", changed])
    assert not change_how(["pytorch", Side("pytorch", (("precision", "bfloat16"),)).name])
