"""Completion in a real bash, as it is after ``orchestrator --install-completion``."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.frameworks import FRAMEWORKS
from tests.waiting import HANG_SECONDS

SHELL = shutil.which("bash")
pytestmark = pytest.mark.skipif(SHELL is None, reason="bash is not installed")
COMPLETE = """
source {script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_orchestrator_completion orchestrator
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def completed(tmp_path):
    """What bash offers for the last word of a command line."""
    command = tmp_path / "bin" / "orchestrator"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom orchestrator.cli.main import main\nmain()\n")
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "HOME": str(tmp_path), "PATH": path}
    for name in ("TWINRUN_OUTPUT", "TWINRUN_CONFIG"):
        env.pop(name, None)
    env["PYTHONPATH"] = os.pathsep.join(map(str, filter(None, map(Path, sys.path))))

    def bash(script, *arguments):
        done = subprocess.run(
            [SHELL, "--norc", "-c", script, "bash", *arguments],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout

    installed = bash("orchestrator --install-completion && echo installed")  # bash is its parent
    assert "bash completion installed" in installed
    (script,) = (tmp_path / ".bash_completions").glob("*.sh")
    assert str(script) in (tmp_path / ".bashrc").read_text()
    return lambda *words: bash(COMPLETE.format(script=script), "orchestrator", *words).split()


@pytest.fixture
def runs(tmp_path):
    names = ["20260101T000000Z-mnist-mlp", "20260102T000000Z-mnist-mlp"]
    for name in names:
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        (run / "job.json").write_text("{}")
    return names


def test_runs_are_completed_wherever_one_is_asked_for(completed, runs):
    for before in (["show"], ["rm"], ["diff", "latest"], ["evaluate"], ["export"]):
        assert completed(*before, "2026010") == runs[::-1], before
    assert completed("show", "") == ["latest", *runs[::-1]]
    assert completed("show", "l") == ["latest"]


def test_runs_are_looked_for_where_they_are_said_to_be(completed, runs, tmp_path):
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    assert completed("show", "") == []
    assert completed("show", "--output", "elsewhere", "20260102") == [runs[1]]


def test_workloads_frameworks_flags_and_commands_are_completed(completed):
    assert completed("compare", "--workload", "mnist-m") == ["mnist-mlp"]
    assert completed("workloads", "show", "synth") == ["synthetic-mlp"]
    every = list(FRAMEWORKS)
    assert completed("compare", "--frameworks", "") == every
    assert completed("compare", "--frameworks", "keras-jax,t") == ["keras-jax,tensorflow"]
    assert completed("compare", "--frameworks", "tensorflow,keras-t") == [
        "tensorflow,keras-tensorflow",
        "tensorflow,keras-torch",
    ]
    assert completed("train", "--framework", "t") == ["tensorflow"]
    assert completed("export", "latest", "--to", "m") == ["mlflow", "markdown"]
    assert completed("compare", "--until") == ["--until-sure"]
    assert completed("ru") == ["runs"]
