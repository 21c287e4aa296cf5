"""A small part of tests/bench/evidence.py: a slowdown that nobody could overlook is found."""

import pytest

from tests.bench import evidence

SHORT = ("--workload=synthetic-mlp", "--train-limit=4000", "--batch-size=8", "--epochs=3")


@pytest.mark.parametrize("framework", evidence.FRAMEWORKS)
def test_a_planted_slowdown_is_found_and_said_how_large_it_is(framework, tmp_path):
    found = evidence.compared(framework, 0.5, evidence.options([*SHORT, "--pairs=6"]), tmp_path)
    assert found.right, found.verdict
    assert 1.2 < found.verdict.ratio < 2
