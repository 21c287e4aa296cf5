"""largest-batch: real runners on fake frameworks that take a mebibyte a sample."""

import json

import pytest

from tests.builders.commands import SMALL

LIMIT = "330MB"


def test_memory_that_runs_out_is_an_answer_by_limit_and_by_the_frameworks_own_error(
    orchestrator, start, monkeypatch
):
    first = start("sized", name="p")
    monkeypatch.setenv("SIZED", "1")
    second = start("sized", framework="tensorflow", name="t")
    flags = [f"--pytorch={first.address}", f"--tensorflow={second.address}"]
    given = (*SMALL, *flags, f"--memory={LIMIT}", "--within=30%")
    done = orchestrator.run("largest-batch", *given, "--json")
    found = json.loads(done.stdout)
    assert found["memory_limit_bytes"] == 330_000_000
    ours, theirs = found["sides"]
    # What Python itself takes depends on its version, so the limit is met somewhere below 315.
    assert 100 <= ours["largest_batch"] < 315
    assert "more than its limit of 330,000,000" in ours["stopped_by"]
    assert ours["peak_memory_bytes"] <= 330_000_000
    assert 100 <= theirs["largest_batch"] <= 150 < theirs["next_batch"]
    assert "a framework's own words" in theirs["stopped_by"]
    assert "does not fit" in done.stderr


def test_a_try_that_fails_otherwise_is_a_fault(orchestrator, two):
    _, flags = two("raises")
    done = orchestrator.run("largest-batch", *SMALL, *flags, "--seed=2", code=4)
    assert "pytorch: the job" in done.stderr


@pytest.mark.parametrize(
    ("flag", "said"),
    [("--memory=lots", "--memory takes a size"), ("--within=none", "give a percentage")],
)
def test_a_size_or_share_that_is_none_is_refused(orchestrator, flag, said):
    assert said in orchestrator.run("largest-batch", *SMALL, flag, code=2).stderr
