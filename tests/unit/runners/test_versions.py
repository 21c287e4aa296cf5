"""Whether a runner has the version that a side asks for."""

import pytest
from twinrun.v1 import job_pb2

from orchestrator.errors import WrongRunner
from orchestrator.runners.versions import is_of, require


@pytest.mark.parametrize(
    ("version", "found", "is_so"),
    [
        ("2.13.0", "2.13.0", True),
        ("2.13.0", "2.13.0+cu130", True),
        ("2.13", "2.13.1+cpu", True),
        ("2.13", "2.15.0", False),
        ("2.1", "2.13.0", False),  # not by its letters
        ("2.13.1", "2.13.0", False),
        ("2.21.0", "2.21.0-rc1", False),
        ("2.21", "2.21.0-rc1", True),
        ("2.13.0", "", False),
        ("2.13.0", "unknown", False),
    ],
)
def test_a_version_is_met_by_itself_and_by_what_begins_with_it(version, found, is_so):
    assert is_of(version, found) is is_so


def test_the_error_names_both_versions_and_what_to_do():
    environment = job_pb2.Environment(framework_version="2.14.1+cu130")
    require("pytorch", "", "here:1", environment)
    require("pytorch", "2.14", "here:1", environment)
    with pytest.raises(WrongRunner) as refused:
        require("pytorch", "2.13.0", "here:1", environment)
    said = str(refused.value)
    assert "at here:1 has version 2.14.1 of its framework, not 2.13.0" in said
    assert "make setup TORCH_VERSION=2.13.0" in said
    assert "--side pytorch-2.14.1" not in said
    assert "pytorch-2.14.1" in said
