"""A further framework as the third side of a comparison; skipped where it is not set up."""

import json
from pathlib import Path

import pytest

from orchestrator.frameworks import FRAMEWORKS, usual
from orchestrator.language.words import label

ROOT = Path(__file__).parents[2]
SHORT = ("--workload", "synthetic-mlp", "--train-limit", "640", "--epochs", "1", "--threads", "1")


@pytest.mark.parametrize("name", [n for n, it in FRAMEWORKS.items() if not (it.usual or it.on)])
def test_each_is_certified_beside_the_first_and_timed(orchestrator, name):
    every = [*usual(), name]
    if not (ROOT / f".venv-{name}/.runner").exists():
        pytest.skip(f"make setup FRAMEWORKS={','.join(every)}")
    said = orchestrator("compare", "--frameworks", ",".join(every), *SHORT, "--json").stdout
    found = json.loads(said)
    assert list(found["frameworks"]) == every
    assert found["inputs"]["same"] is True
    assert all(len(side["trials"]) == 1 for side in found["frameworks"].values())
    assert found["certificate"]["same_job"] is True
    assert f"PyTorch and {label(name)}: The same job" in found["certificate"]["sentence"]
