"""An environment of another version: what make asks for, and what a script refuses and tells."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "requirements"))
import another  # noqa: E402 - a script, which is in no package

VARIABLES = {*another.KINDS, "MAKEFLAGS", "MAKELEVEL"}


def lines(*arguments, **variables):
    """What make would run for the setup."""
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "setup", *arguments],
        cwd=ROOT,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_make_leaves_the_usual_environments_alone_and_gives_no_version_to_a_shell():
    said = lines("TORCH_VERSION=2.13.0; touch there")
    assert "requirements/another.py TORCH_VERSION" in said
    assert "touch there" not in said
    assert ".venv-pytorch" not in said
    assert ".venv-tensorflow" not in said
    both = lines("TORCH_VERSION=2.13.0", "TENSORFLOW_VERSION=2.20.0")
    assert "another.py TORCH_VERSION TENSORFLOW_VERSION" in both


def test_a_variable_of_the_environment_asks_for_nothing():
    said = lines(TORCH_VERSION="2.13.0", TENSORFLOW_VERSION="2.20.0")
    assert "another.py" not in said
    assert ".venv-pytorch/bin/python -m pip" in said


@pytest.mark.parametrize("version", ["", "2", "2.x", "..", "2.13.0; touch it", "../2.13"])
def test_what_is_no_version_is_refused_before_anything_is_made(version, monkeypatch):
    monkeypatch.setenv("TORCH_VERSION", version)
    monkeypatch.setattr(subprocess, "run", None)
    with pytest.raises(SystemExit, match=r"TORCH_VERSION is .*; give numbers with dots"):
        another.make("TORCH_VERSION")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where environments are made, of which pip has only ``failing`` and what it installed."""
    monkeypatch.setattr(another, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setenv("TORCH_VERSION", "2.13.0")
    monkeypatch.delenv("TORCH", raising=False)
    return tmp_path


class Pip:
    """Stands in for subprocess.run; ``fails``: a word of the command that does."""

    def __init__(self, fails="nothing", frozen=""):
        self.fails, self.frozen, self.ran = fails, frozen, []

    def __call__(self, command, **settings):
        text = " ".join(map(str, command))
        self.ran.append(text)
        if "-m venv" in text:
            Path(command[-1]).mkdir(exist_ok=True)
        if self.fails in text:
            raise subprocess.CalledProcessError(1, command)
        return subprocess.CompletedProcess(command, 0, self.frozen, "")


def test_the_rest_is_pinned_by_hashes_and_what_is_not_as_pinned_is_told(place, monkeypatch, capsys):
    kind = another.KINDS["TORCH_VERSION"]
    pinned = {name: version for name, version, _ in another.pins(kind)}
    frozen = f"torch==2.13.0\nnumpy==1.26.0\ngrpcio=={pinned['grpcio']}\n"
    pip = Pip(frozen=frozen)
    monkeypatch.setattr(subprocess, "run", pip)
    another.make("TORCH_VERSION")
    hashed, framework = pip.ran[1], pip.ran[2]
    assert "--require-hashes -r" in hashed
    assert framework.endswith("install torch==2.13.0 torchvision")
    said = capsys.readouterr().out
    assert "installed without a pin: torch==2.13.0." in said
    assert f"in place of a pinned package: numpy==1.26.0 (pinned: {pinned['numpy']})" in said
    assert "grpcio" not in said
    assert (place / ".venv-pytorch-2.13.0/.runner").exists()
    done = len(pip.ran)
    another.make("TORCH_VERSION")  # it is there
    assert len(pip.ran) == done


@pytest.mark.parametrize("fails", ["torch==2.13.0", "import services.pytorch"])
def test_an_environment_that_could_not_be_made_leaves_nothing(place, monkeypatch, fails):
    monkeypatch.setattr(subprocess, "run", Pip(fails))
    with pytest.raises(SystemExit, match=r"\.venv-pytorch-2\.13\.0 could not be made"):
        another.make("TORCH_VERSION")
    assert not (place / ".venv-pytorch-2.13.0").exists()


def test_builds_are_those_of_the_usual_environments(monkeypatch):
    torch, tensorflow = another.KINDS.values()
    monkeypatch.setenv("TORCH", "cpu")
    monkeypatch.setenv("TORCH_CPU_INDEX", "https://index.example")
    build = "" if sys.platform == "darwin" else "+cpu"
    wanted = another.wanted(torch, "2.13.0")
    assert wanted[:3] == ["--index-url", "https://index.example", f"torch==2.13.0{build}"]
    monkeypatch.setenv("TENSORFLOW", "cuda")
    assert another.wanted(tensorflow, "2.20.0") == ["tensorflow[and-cuda]==2.20.0"]
    names = {name for name, _, _ in another.pins(tensorflow)}
    assert "keras" in names
    assert not names & {"tensorflow", "tensorflow-cpu"}
