"""Makes specs as a runner gets them, and judges them."""

import pytest
from google.protobuf import json_format
from twinrun.v1 import job_pb2

from services.errors import InvalidRequest
from services.runner.validation import valid_spec

CPUS = 4
LAYERS = [{"flatten": {}}, {"dense": {"units": 10}}]


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
