"""Runs commands as a reader of the documents does."""

import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.frameworks import usual
from orchestrator.storage.shelf import runs
from tests.builders.runners import Runner
from tests.waiting import HANG_SECONDS

# What makes a command long, or needs a free port, is taken back by a flag after its own. That each
# job is certified first is seen elsewhere, and takes most of its time.
ORCHESTRATOR = """#!/bin/sh
case $1 in
  compare) set -- "$@" --repeats=1 --epochs=1 --no-verify --precision-target=90% --max-minutes=0.1
    test "$DRAWN" || module=tests.integration.undrawn ;;
  verify) test "$DRAWN" || module=tests.integration.undrawn ;;
  live) set -- "$@" --port=0 ;;
  explain) set -- "$@" --repeats=1 --epochs=1 --pitfall=adam-epsilon ;;
  sweep) set -- "$@" --repeats=1 --epochs=1
    module=tests.integration.undrawn ;;
esac
exec {python} -m tests.forks.client "${{module:-orchestrator}}" "$@"
"""


@dataclass
class Reader:
    """Runs lines in a shell, with runners of both frameworks and two runs that were made before.

    ``second``: the addresses of a second machine's runners.
    """

    directory: Path
    env: dict[str, str]
    pytorch: Runner
    second: dict[str, str] = field(default_factory=dict)

    @property
    def program(self) -> str:
        """The path of what runs as `orchestrator`."""
        found = shutil.which("orchestrator", path=self.env["PATH"])
        assert found
        return found

    def run(self, line: str) -> subprocess.CompletedProcess:
        if "orchestrator live" in line:
            return self.interrupted(line)
        if " hosts.toml" in line:
            hosts = {"first": {name: self.env[f"TWINRUN_{name.upper()}"] for name in usual()}}
            hosts |= {"second": self.second} if "--over" in line else {}
            lines = []
            for host, addresses in hosts.items():
                lines += [f"[hosts.{host}]", *(f'{n} = "{a}"' for n, a in addresses.items())]
            (self.directory / "hosts.toml").write_text("\n".join(lines))
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
