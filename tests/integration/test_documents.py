"""Every command of the documents, as it stands there, against real runners on fake frameworks."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.storage.shelf import runs
from tests.documents import DOCUMENTS, TRANSLATIONS, Block, blocks, program, words
from tests.integration.conftest import Runner, runners
from tests.waiting import HANG_SECONDS


def of_orchestrator(command: str) -> bool:
    return program(command) == "orchestrator"


BLOCKS = [
    block
    for path in DOCUMENTS
    if path not in TRANSLATIONS  # which have the same commands
    for block in blocks(path)
    if any(map(of_orchestrator, block.commands))
]
RUN: set[tuple[str, ...]] = set()
# What makes a command long, or needs a free port, is taken back by a flag after its own.
ORCHESTRATOR = """#!/bin/sh
case $1 in
  compare) set -- "$@" --repeats=1 --precision-target=90% --max-minutes=0.1 ;;
  live) set -- "$@" --port=0 ;;
  explain) set -- "$@" --pitfall=adam-epsilon ;;
esac
exec {python} -m orchestrator "$@"
"""


@dataclass
class Reader:
    """Runs lines in a shell, with runners of both frameworks and two runs that were made before."""

    directory: Path
    env: dict[str, str]
    pytorch: Runner

    def run(self, line: str) -> subprocess.CompletedProcess:
        if "orchestrator live" in line:
            return self.interrupted(line)
        return subprocess.run(
            ["sh", "-c", self.filled(line)],
            cwd=self.directory,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )

    def interrupted(self, line: str) -> subprocess.CompletedProcess:
        """A command that goes on until Ctrl-C, which it gets when it has said its first word."""
        process = subprocess.Popen(
            ["sh", "-c", f"exec {line}"],
            cwd=self.directory,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=HANG_SECONDS)
        return subprocess.CompletedProcess(line, process.returncode, said + stdout, stderr)

    def filled(self, line: str) -> str:
        """With a value in place of each word that a reader replaces."""
        line = line.replace("HOST:PORT", self.pytorch.address)
        for run in runs(self.directory / "runs")[:2]:
            line = line.replace("RUN", run.path.name, 1)
        if "JOB" in line:
            line = line.replace("JOB", self.pytorch.train().job_id)
        return line


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    program = home / "bin/orchestrator"
    program.parent.mkdir()
    program.write_text(ORCHESTRATOR.format(python=sys.executable))
    program.chmod(0o755)
    with runners(home) as start:
        pytorch = start("documented", name="p")
        tensorflow = start("documented", framework="tensorflow", name="t")
        env = {
            **os.environ,
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "TWINRUN_PYTORCH": pytorch.address,
            "TWINRUN_TENSORFLOW": tensorflow.address,
            "BROWSER": "true",  # which opens nothing
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"),
        }
        env.pop("TWINRUN_OUTPUT", None)
        reader = Reader(home, env, pytorch)
        assert reader.run("orchestrator compare").returncode == 0
        (made,) = (home / "runs").iterdir()
        shutil.copytree(made, made.with_name("20200101T000000Z-mnist-mlp"))
        yield reader


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_a_reader_can_run_each_line_of_a_block_after_the_other(shelf, tmp_path, block: Block):
    shutil.copytree(shelf.directory / "runs", tmp_path / "runs")
    reader = Reader(tmp_path, shelf.env, shelf.pytorch)
    for command in filter(of_orchestrator, block.commands):
        known = tuple(words(command))
        if ">" in command or known not in RUN:  # many stand in several documents
            done = reader.run(command)
            assert done.returncode == 0, f"{command}\n{done.stderr}"
            RUN.add(known)
