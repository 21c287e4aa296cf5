"""A parity table has a case of every kind that a job can have, and each is a valid job."""

from collections import Counter

import pytest
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import ActivationFunction, DecayForm, TargetKind
from twinrun.v1 import job_pb2

from orchestrator.data import small
from orchestrator.errors import BadInput
from orchestrator.settings.parity import Group, cases
from orchestrator.settings.parity.kinds import CODES, OUTPUTS, SAMPLES
from services.runner.validation import valid_spec

ALL = cases()


def oneof(message, name="kind"):
    return {field.name for field in message.DESCRIPTOR.oneofs_by_name[name].fields}


KINDS = {
    # An activation's functions have a group of their own.
    Group.LAYERS: oneof(job_pb2.Layer) - {"activation"},
    Group.ACTIVATIONS: set(ActivationFunction),
    Group.LOSSES: oneof(job_pb2.Loss),
    Group.OPTIMIZERS: oneof(job_pb2.Optimizer),
    Group.SCHEDULES: oneof(job_pb2.Schedule),
    Group.CLIPPING: oneof(job_pb2.Clip),
    Group.DECAY: set(DecayForm),
}


@pytest.mark.parametrize("group", Group)
def test_every_kind_of_the_protocol_has_a_case(group):
    assert {case.kind for case in ALL if case.group is group} == KINDS[group]


def test_there_are_enough_and_no_two_have_one_name():
    assert len(ALL) >= 60
    names = Counter((case.group, case.name) for case in ALL)
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("case", ALL, ids=[f"{c.group}: {c.name}" for c in ALL])
def test_each_case_is_a_job_that_a_runner_takes_and_has_its_kind(tmp_path, case):
    spec = case.spec()
    of_text = case.sample.targets is TargetKind.TOKENS
    held = small.dataset(
        *(case.sample.shape, case.sample.targets, CODES if of_text else OUTPUTS, SAMPLES),
        tmp_path,
        codes=CODES if case.sample.codes else 0,
    )
    spec.dataset.CopyFrom(held)
    completed = spec_to_proto(valid_spec(spec, available_cpus=1))
    kinds = [layer.WhichOneof("kind") for layer in spec.layers]
    assert [layer.WhichOneof("kind") for layer in completed.layers] == kinds
    assert spec.batch_size == held.arrays.train_samples  # one batch, whatever the order
    assert case.kind.upper() in str(spec).upper()


def test_only_what_is_named_is_taken_by_kind_or_group():
    named = cases(["conv2d", "decay"])
    assert {case.kind for case in named if case.group is Group.LAYERS} == {"conv2d"}
    assert {case.kind for case in named if case.group is not Group.LAYERS} == set(DecayForm)


def test_every_unknown_kind_is_named_at_once():
    with pytest.raises(BadInput, match=r"There is no conv3d, adem .* choose from .*conv2d"):
        cases(["conv3d", "adam", "adem"])
