"""Mutants of shared code, which a certificate cannot see: judged by unit tests.

Each runs its tests in a process that is forked from one that has imported pytest and NumPy.
``python -m tests.mutants.shared FD`` takes requests and answers as `tests.mutants.worker` does.
"""

import contextlib
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Sequence

import hypothesis
import numpy as np
import pytest
import safetensors.numpy

from services.runner import validation
from tests.mutants import worker

_LOADED = hypothesis, np, safetensors, validation  # before any fork
_SECONDS = 180  # of the CPU, which only what never ends takes, on a busy machine too
_IMPORTED_AGAIN = ("services.", "tests.unit", "tests.builders")


class Outcome:
    """The first test that fails."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid.removeprefix("tests/unit/services/")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = f"{report.nodeid}: cannot be imported"


def run(
    files: Sequence[str], change: tuple[str, str] | None, answers: int, *, traced: bool
) -> None:
    """Run the tests of ``files`` in a forked process, with one file's code changed."""
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a descriptor is wanted
        os.dup2(nowhere.fileno(), 1)
    for name in [n for n in sys.modules if n.startswith(_IMPORTED_AGAIN)]:
        del sys.modules[name]
    for name in ("services", "tests"):
        for part in [p for p in vars(sys.modules[name]) if f"{name}.{p}" not in sys.modules]:
            if not part.startswith("__"):
                delattr(sys.modules[name], part)
    if change:
        sys.meta_path.insert(0, worker.Changed(*change))
    outcome, lines = Outcome(), defaultdict(set)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin"]
    options += ["--hypothesis-seed=1", "-Wignore::pytest.PytestAssertRewriteWarning"]
    with worker.traced(lines, "services/") if traced else contextlib.nullcontext():
        code = pytest.main([*options, *files], plugins=[outcome])
    found = {file: sorted(numbers) for file, numbers in lines.items()}
    failed = outcome.failed or ("" if code == 0 else f"pytest ended with {code}")
    os.write(answers, json.dumps({"failure": failed, "lines": found}).encode() + b"\n")
    os._exit(0)


def main() -> None:
    answers = int(sys.argv[-1])
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.write(answers, b'{"ready": true}\n')
    for line in sys.stdin:
        request = json.loads(line)
        change = request.get("change")
        child = os.fork()
        if not child:
            run(
                request["files"],
                tuple(change) if change else None,
                answers,
                traced=bool(request.get("traced")),
            )
        _, status = os.waitpid(child, 0)
        if status:
            failed = f"its process ended with {os.waitstatus_to_exitcode(status)}"
            os.write(answers, json.dumps({"failure": failed, "lines": {}}).encode() + b"\n")


if __name__ == "__main__":
    main()
