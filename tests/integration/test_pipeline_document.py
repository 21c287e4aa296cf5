"""The workflow of docs/pipeline.md: its steps, as a pipeline's shell runs them."""

import os
import re
import shlex
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import yaml

from tests import forks
from tests.builders.commands import UNDRAWN
from tests.documents import ROOT
from tests.waiting import HANG_SECONDS

DOCUMENT = ROOT / "docs/pipeline.md"
# What is not run here: it makes an environment.
ELSEWHERE = ("make setup", "echo ")
# As in tests/builders/reader.py: what makes a command long is taken back by a flag after its own.
PROGRAM = """#!/bin/sh
test "$1" = compare && set -- "$@" --repeats=1
exec {python} -m tests.forks.client tests.integration.undrawn "$@"
"""


def workflow():
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return yaml.safe_load(text)


def steps():
    """The scripts of the steps that call the orchestrator, in order."""
    (job,) = workflow()["jobs"].values()
    scripts = [step["run"] for step in job["steps"] if "run" in step]
    assert all("orchestrator" in each or each.startswith(ELSEWHERE) for each in scripts)
    return [each for each in scripts if "orchestrator" in each]


@pytest.fixture
def pipeline(orchestrator, two):
    """Runs a script as a pipeline does, and returns its exit code."""
    _, flags = two()
    program = orchestrator.home / "bin/orchestrator"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    addresses = dict(flag.removeprefix("--").split("=") for flag in flags)
    env = {
        **orchestrator.env,
        **forks.served(UNDRAWN),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(orchestrator.home / "summary.md"),
        "GITHUB_SHA": "0123abc",
        **{f"TWINRUN_{name.upper()}": address for name, address in addresses.items()},
    }

    def run(script):
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(
            command,
            cwd=orchestrator.home,
            env=env,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )

    return run


def test_each_step_runs_and_leaves_what_the_next_one_and_the_page_need(orchestrator, pipeline):
    (_, job), *_ = workflow()["jobs"].items()
    uploaded = next(s["with"]["path"] for s in job["steps"] if "upload" in s.get("uses", ""))
    written = []
    for script in steps():
        done = pipeline(script)
        # With one pair nothing can be decided; that it is 9 says that it came as far as that.
        assert done.returncode == (9 if "--fail-if" in script else 0), done.stderr
        words = shlex.split(script)
        if "--junit" in words:
            written.append(words[words.index("--junit") + 1])
    assert written
    assert sorted(written) == sorted(path.name for path in orchestrator.home.glob(uploaded))
    for name in written:
        (suite,) = ElementTree.parse(orchestrator.home / name).getroot()
        assert suite.get("errors") != "0"
    summary = (orchestrator.home / "summary.md").read_text()
    assert summary.startswith("## compare synthetic-mlp")
    assert "## diff runs/base latest" in summary
    assert orchestrator.latest().about().label == "0123abc"
