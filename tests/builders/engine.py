"""`make up` with a stand-in for the engine's client."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).parents[2]
HEALTHY = {"Status": "running", "Health": {"Status": "healthy", "Log": []}}
ENGINE = {"NCPU": 4, "Runtimes": {"runc": {}}, "CDISpecDirs": []}


# By the first words of the call that fit: exit code, stdout, stderr.
ANSWERS = {
    "version": (0, "26.1.5", ""),
    "compose version": (0, "2.26.1", ""),
    "info": (0, json.dumps(ENGINE), ""),
    "compose build": (0, "", ""),
    "compose up": (0, "", ""),
    "compose ps": (0, "cid", ""),
    "inspect": (0, json.dumps(HEALTHY), ""),
    "compose exec": (0, "a framework 1.2", ""),
    "compose port": (0, "127.0.0.1:50051", ""),
    "image prune": (0, "", ""),
}


STAND_IN = """#!{python}
import json, os, sys
words, arguments = [], iter(sys.argv[1:])
for word in arguments:
    if word == "-f":
        next(arguments)
    elif not word.startswith("-"):
        words.append(word)
told = ("TWINRUN_", "TENSORFLOW", "JAX")
settings = {{name: value for name, value in os.environ.items() if name.startswith(told)}}
with open({calls!r}, "a") as calls:
    calls.write(json.dumps([sys.argv[1:], settings]) + "\\n")
for begin, (code, stdout, stderr) in json.load(open({answers!r})).items():
    if words[: len(begin.split())] == begin.split():
        sys.stdout.write(stdout)
        sys.stderr.write(stderr)
        sys.exit(code)
sys.exit("unforeseen: " + " ".join(words))
"""


class Engine:
    """Runs `make up`'s module with a client that answers as it is told."""

    def __init__(self, directory: Path) -> None:
        self._calls, self._answers = directory / "calls", directory / "answers"
        self._bin = directory / "bin"
        self._bin.mkdir()
        self._command = self._bin / "docker"
        text = STAND_IN.format(
            python=sys.executable, calls=str(self._calls), answers=str(self._answers)
        )
        self._command.write_text(text)
        self._command.chmod(self._command.stat().st_mode | stat.S_IXUSR)

    def remove(self) -> None:
        self._command.unlink()

    def up(self, *arguments: str, answers=None, code: int = 0, **settings) -> str:
        """What it said."""
        self._answers.write_text(json.dumps(ANSWERS | (answers or {})))
        unset = ("GPU", "TENSORFLOW", "JAX")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TWINRUN", *unset))}
        done = subprocess.run(
            [sys.executable, "-m", "docker.containers", *(arguments or ["up"])],
            cwd=ROOT,
            env={**kept, "PATH": str(self._bin), **settings},
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    @property
    def calls(self) -> list[tuple[list[str], dict[str, str]]]:
        return [tuple(json.loads(line)) for line in self._calls.read_text().splitlines()]

    def call(self, word: str) -> tuple[list[str], dict[str, str]]:
        (found,) = [call for call in self.calls if word in call[0]]
        return found
