"""`make test` runs all its parts, whichever fails, and says at the end which did."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PARTS = ("tests/unit", "tests/frameworks", "tests/frameworks", "tests/system")
STAMPS = {
    ".venv": (".orchestrator", ".dev"),
    ".venv-pytorch": (".runner", ".test"),
    ".venv-tensorflow": (".runner", ".test"),
}
# Notes its arguments, and fails where they hold a word that is to fail.
PYTHON = """#!/bin/sh
echo "$0 $*" >> ran
case "$0 $*" in {failing}) exit 1 ;; esac
"""


@pytest.fixture
def make(tmp_path):
    """Runs it with stand-ins for the environments; the code, the lines of what ran, the end."""

    def make(failing: str = "nothing", more: dict[str, tuple[str, ...]] | None = None):
        (tmp_path / "requirements").mkdir()
        for path in [ROOT / "Makefile", ROOT / "pyproject.toml", *ROOT.glob("requirements/*.txt")]:
            shutil.copy(path, tmp_path / path.relative_to(ROOT))
        for name, stamps in {**STAMPS, **(more or {})}.items():
            python = tmp_path / name / "bin/python"
            python.parent.mkdir(parents=True)
            python.write_text(PYTHON.format(failing=failing))
            python.chmod(0o755)
            for stamp in stamps:
                (tmp_path / name / stamp).touch()
        kept = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
        command = ["make", "--no-print-directory", "test"]
        done = subprocess.run(
            command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False
        )
        return done.returncode, (tmp_path / "ran").read_text().splitlines(), done.stderr

    return make


def beside(ran):
    """The parts, sorted, that run beside those without a framework."""
    found = [line.partition("-m pytest ")[2] for line in ran if "tests/unit" not in line]
    return tuple(sorted(found))


def test_where_all_parts_pass_it_passes(make):
    code, ran, said = make()
    assert (code, said) == (0, "")
    assert beside(ran) == PARTS[1:]
    assert len(ran) == len(PARTS)


def test_jax_has_a_part_where_it_has_been_asked_for(make):
    code, ran, _ = make(more={".venv-jax": (".runner", ".test")})
    assert code == 0
    assert len(ran) == len(PARTS) + 1
    assert sum(".venv-jax/bin/python -m pytest tests/frameworks" in line for line in ran) == 1


@pytest.mark.parametrize(
    "part", ["tests/unit", "-tensorflow/", "-pytorch/", "-jax/", "tests/system"]
)
def test_where_one_part_fails_it_fails_and_names_that_one(make, part):
    code, ran, said = make(f"*{part}*", more={".venv-jax": (".runner", ".test")})
    assert code == 2
    assert len(ran) == len(PARTS) + 1
    (named, _) = said.partition("These parts failed:\n")[2].splitlines()  # the last is make's own
    assert part in named


def test_where_parts_fail_the_others_run_and_it_fails_with_their_names(make):
    code, ran, said = make("*tests/unit*|*-tensorflow/*")
    assert code == 2
    assert len(ran) == len(PARTS)
    named = said.partition("These parts failed:\n")[2].splitlines()[:-1]  # the last is make's own
    assert len(named) == 2
    assert any("tests/unit" in name for name in named)
    assert any(".venv-tensorflow/bin/python -m pytest tests/frameworks" in n for n in named)
