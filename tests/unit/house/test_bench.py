"""The benchmarks are run by hand: what they import must still be there."""

import importlib
from pathlib import Path

import pytest

from bench import __main__ as benchmarks
from services.frameworks import own

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


def test_benchmarks_are_found_by_the_name_of_their_framework(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in own():
        (tmp_path / f".venv-{name}").mkdir()
    there = {path.stem for path in BENCH.glob("*.py") if path.stem.partition("_")[0] in own()}
    found = list(benchmarks.benchmarks())
    assert {module for _, module in found} == there
    assert all(module.partition("_")[0] == framework for framework, module in found)
    (tmp_path / ".venv-jax").rmdir()
    assert "jax" not in {framework for framework, _ in benchmarks.benchmarks()}


def test_a_framework_without_a_benchmark_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".venv-another").mkdir()
    monkeypatch.setattr(benchmarks, "own", lambda: {"another": None})
    assert not list(benchmarks.benchmarks())
    said = capsys.readouterr().out
    assert "Nothing is measured of another: there is no bench/another.py." in said
