"""Makes specs as a runner gets them, and judges them."""

import pytest
from google.protobuf import json_format
from twinrun.v1 import job_pb2

from services.errors import InvalidRequest
from services.runner.validation import valid_spec

CPUS = 4
LAYERS = [{"flatten": {}}, {"dense": {"units": 10}}]

REQUIRED = {
    "group_norm": {"groups": 1},
    "activation": {"function": "ACTIVATION_FUNCTION_LEAKY_RELU"},
    "dense": {"units": 10},
    "custom_dense": {"units": 10},
    "conv2d": {"filters": 2},
    "conv1d": {"filters": 2},
    "conv2d_transpose": {"filters": 2},
    "embedding": {"codes": 2, "width": 2},
    "repeat": {"layers": [{"flatten": {}}]},
    "lstm": {"units": 3},
    "gru": {"units": 3},
    "multi_head_attention": {"heads": 2},
}


def completed(kind: str, given: dict) -> dict:
    """A layer's fields with those that it cannot do without."""
    if kind == "bidirectional":
        return {one: completed(one, fields) for one, fields in given.items()}
    return REQUIRED.get(kind, {}) | given


def proto(**changes) -> job_pb2.JobSpec:
    spec = {"dataset": {"name": "mnist"}, "layers": LAYERS, "optimizer": {"sgd": {}}, **changes}
    return json_format.ParseDict(spec, job_pb2.JobSpec())


def violations(message: job_pb2.JobSpec) -> dict[str, str]:
    """What is wrong, by field."""
    with pytest.raises(InvalidRequest) as caught:
        valid_spec(message, CPUS)
    found = {violation.field: violation.message for violation in caught.value.violations}
    assert len(found) == len(caught.value.violations), "a field is named twice"
    return found
