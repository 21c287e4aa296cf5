"""Requests that ask for what cannot be, which are refused before any runner is asked."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator.actions import explain
from orchestrator.actions.largest import LargestRequest
from orchestrator.cli.main import app
from orchestrator.errors import BadInput
from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.settings import config
from orchestrator.settings.sides import sides

SPEC = config.job_spec("synthetic-mlp", {})


def test_the_largest_batch_is_not_sought_of_a_side_that_sets_one():
    held = sides(["pytorch", "tensorflow: accumulate_steps=2"], SPEC)
    assert LargestRequest("w", SPEC, held, Path()).sides == held
    fixed = sides(["pytorch", "pytorch: batch_size=16"], SPEC)
    with pytest.raises(BadInput, match="'pytorch: batch_size=16' sets batch_size, which is what"):
        LargestRequest("w", SPEC, fixed, Path())


def test_all_pairs_of_one_difference_are_refused():
    both = sides(["pytorch", "tensorflow"], SPEC)
    request = explain.ExplanationRequest(
        *("w", SPEC, both, Path()), pitfalls=PITFALLS[:1], all_pairs=True
    )
    with pytest.raises(BadInput, match=f"{PITFALLS[0].name} is the only one here"):
        explain.run_explanation(request, None, None)  # type: ignore[arg-type]


def test_differences_are_not_introduced_into_a_job_that_several_devices_share():
    shared = sides(["pytorch", "pytorch: devices=2"], SPEC)
    with pytest.raises(BadInput, match="pytorch: devices=2: devices is 2, and several devices"):
        explain.ExplanationRequest("w", SPEC, shared, Path(), pitfalls=PITFALLS)


def test_a_history_of_nothing_is_refused_and_leaves_the_last_page_as_it_was(tmp_path):
    ended = CliRunner().invoke(app, ["track", "--workload=none", f"--output={tmp_path}/runs"])
    assert ended.exit_code == 2
    assert "fits; 'orchestrator runs' lists" in ended.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["largest-batch", "explain", "sweep", "parity", "compare"])
def test_addresses_of_versions_are_asked_by_each_command_that_takes_them(command, tmp_path):
    addresses = [f"--runner=pytorch-2.{minor}=127.0.0.1:1" for minor in (13, 14)]
    axes = {"sweep": ["--batch-size=16,32"], "parity": ["--only=gelu"]}.get(command, [])
    ended = CliRunner().invoke(app, [command, *axes, *addresses], env={"TWINRUN_OUTPUT": "none"})
    assert ended.exit_code == 3, ended.output  # nobody answers there
    assert "does not answer" in ended.output
