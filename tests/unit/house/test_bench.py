"""The benchmarks are run by hand: what they import must still be there."""

import importlib
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[3] / "bench"
MODULES = sorted(
    ".".join(path.relative_to(BENCH.parent).with_suffix("").parts) for path in BENCH.rglob("*.py")
)
# Of the runners' environments; tests/unit has the orchestrator's.
ELSEWHERE = {"jax", "keras", "pynvml", "tensorflow", "torch", "torchvision"}


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_imports_nothing_that_is_gone(name):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        assert error.name in ELSEWHERE  # noqa: PT017 - it may also raise none
