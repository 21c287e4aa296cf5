"""A small part of tests/bench/evidence.py, by a clock of the trials' own: a slowdown is found."""

import pytest

from tests.bench import evidence

SHORT = ("--workload=synthetic-mlp", "--train-limit=4000", "--batch-size=8", "--epochs=3")


@pytest.mark.parametrize("framework", evidence.FRAMEWORKS)
def test_a_planted_slowdown_is_found_and_said_how_large_it_is(framework, tmp_path):
    options = evidence.options([*SHORT, "--pairs=6"])
    found = evidence.compared(framework, 0.1, options, tmp_path, step_seconds=0.001)
    assert found.right, found.verdict
    assert found.holds_truth
    assert 1.05 < found.verdict.ratio < 1.15
