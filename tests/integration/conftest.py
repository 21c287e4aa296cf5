"""Real runners on fake frameworks, each in a process of its own, ended after each test."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.frameworks import FRAMEWORKS, usual
from services.data import download
from tests import forks
from tests.builders.commands import Orchestrator
from tests.builders.mirrors import Serve, mirrors
from tests.builders.reader import ORCHESTRATOR, Reader
from tests.builders.runners import Runner, runners
from tests.waiting import HANG_SECONDS

STANDINS = Path(__file__).parents[1] / "standins"


@pytest.fixture
def gpus(monkeypatch):
    """Runners that are started find NVML's stand-in; gives what sets their environment."""
    path = [str(STANDINS), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return monkeypatch


@pytest.fixture
def no_forks(monkeypatch):
    """Where processes are the matter, they are those that users have: none is forked."""
    monkeypatch.setattr(forks, "popen", subprocess.Popen)
    monkeypatch.setattr(forks, "served", lambda *_: {})


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Runner]]:
    """Starts runners that end after the test."""
    with runners(tmp_path) as starting:
        yield starting


@pytest.fixture
def serve(monkeypatch) -> Iterator[Serve]:
    """Starts mirrors that end after the test. One that is slow has not stalled."""
    monkeypatch.setattr(download, "_TIMEOUT_SECONDS", HANG_SECONDS)
    with mirrors() as starting:
        yield starting


@pytest.fixture
def orchestrator(tmp_path):
    return Orchestrator(tmp_path)


@pytest.fixture
def two(start):
    """Addresses of a runner for each framework, as flags."""

    def two(fake="good", *options, tensorflow=None):
        runners = {
            "pytorch": start(fake, *options, name="p"),
            "tensorflow": start(tensorflow or fake, *options, framework="tensorflow", name="t"),
        }
        flags = [f"--{name}={runner.address}" for name, runner in runners.items()]
        return runners, flags

    return two


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A reader of the documents, with a runner of each framework and two runs made before."""
    home = tmp_path_factory.mktemp("home")
    program = home / "bin/orchestrator"
    program.parent.mkdir()
    program.write_text(ORCHESTRATOR.format(python=sys.executable))
    program.chmod(0o755)
    with runners(home) as start:
        together = "--allow-together"
        pytorch = start("documented", together, name="p")
        others = {
            name: start("documented", together, framework=name, name=name).address
            for name in FRAMEWORKS
            if name != "pytorch"
        }
        env = {
            **os.environ,
            **forks.served("orchestrator"),
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "TWINRUN_PYTORCH": pytorch.address,
            **{f"TWINRUN_{FRAMEWORKS[n].word.upper()}": address for n, address in others.items()},
            "BROWSER": "true",  # which opens nothing
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"),
        }
        env.pop("TWINRUN_OUTPUT", None)
        second = {
            name: start("documented", together, framework=name, name=f"second-{name}").address
            for name in usual()
        }
        reader = Reader(home, env, pytorch, second)
        assert reader.run("orchestrator compare").returncode == 0
        (made,) = (home / "runs").iterdir()
        shutil.copytree(made, made.with_name("20200101T000000Z-mnist-mlp"))
        yield reader
