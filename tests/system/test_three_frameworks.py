"""All three frameworks as sides of one comparison; skipped where JAX is not set up."""

import json
from pathlib import Path

import pytest

THREE = ("--frameworks", "pytorch,tensorflow,jax")
SHORT = ("--workload", "synthetic-mlp", "--train-limit", "640", "--epochs", "1", "--threads", "1")

pytestmark = pytest.mark.skipif(
    not (Path(__file__).parents[2] / ".venv-jax/.runner").exists(),
    reason="make setup FRAMEWORKS=pytorch,tensorflow,jax",
)


def test_each_is_certified_beside_the_first_and_timed(orchestrator):
    found = json.loads(orchestrator("compare", *THREE, *SHORT, "--json").stdout)
    assert list(found["frameworks"]) == ["pytorch", "tensorflow", "jax"]
    assert found["inputs"]["same"] is True
    assert all(len(side["trials"]) == 1 for side in found["frameworks"].values())
    assert found["certificate"]["same_job"] is True
    assert "PyTorch and JAX: The same job" in found["certificate"]["sentence"]
