"""Short names of enums' values, wherever people write them."""

import pytest
from google.protobuf import json_format
from twinrun.contract.spec import Dataset, File
from twinrun.v1 import job_pb2

from orchestrator.trials.mappings.names import data_title, in_proto, short

SPEC = job_pb2.JobSpec.DESCRIPTOR


def enums(message, seen=()):
    for field in message.fields:
        if field.enum_type is not None:
            yield field.enum_type
        elif field.message_type is not None and field.message_type.full_name not in seen:
            yield from enums(field.message_type, (*seen, message.full_name))


EVERY = {enum.name: enum for enum in enums(SPEC)}


@pytest.mark.parametrize("name", sorted(EVERY))
def test_every_value_that_a_spec_may_give_has_a_short_name(name):
    enum = EVERY[name]
    names = short(enum)
    assert len(names) == len(enum.values) - 1
    for each, value in zip(names, enum.values[1:], strict=True):
        assert value.name.endswith(each.upper())
        assert value.name != each.upper()


def test_short_names_are_taken_at_any_depth_and_in_lists():
    mapping = {
        "layers": [{"activation": {"function": "relu"}}, {"dense": {"units": 10}}],
        "precision": "float64",
        "ownWays": ["loss", "OWN_WAY_LAST_BATCH"],
    }
    spec = json_format.ParseDict(in_proto(mapping, SPEC), job_pb2.JobSpec())
    assert spec.layers[0].activation.function == job_pb2.ACTIVATION_FUNCTION_RELU
    assert spec.precision == job_pb2.PRECISION_FLOAT64
    assert spec.own_ways == [job_pb2.OWN_WAY_LOSS, job_pb2.OWN_WAY_LAST_BATCH]


@pytest.mark.parametrize(
    "value", [{"precision": 3}, {"precision": "x"}, {"layers": 7}, {"no": 1}, 5]
)
def test_what_does_not_fit_is_left_for_the_proto_to_refuse(value):
    assert in_proto(value, SPEC) == value


def test_data_is_called_by_the_name_of_its_file():
    file = job_pb2.Dataset(name="file", file=job_pb2.File(path="/some/where/churn.csv"))
    assert data_title(file) == "churn.csv"
    assert data_title(job_pb2.Dataset(name="iris")) == "iris"
    assert data_title(Dataset("file", file=File("/some/where/pets"))) == "pets"
    assert data_title(Dataset("mnist")) == "mnist"
