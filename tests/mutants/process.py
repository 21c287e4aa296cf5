"""A process that answers requests, one line of JSON each; a new one replaces a lost one."""

import json
import os
import select
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.mutants.targets import ROOT

_SECONDS = 400  # that only a process that hangs takes to answer


class Gone(Exception):
    """The process ended or hung."""


class Process:
    """``command`` gets the number of the file descriptor for answers as its last argument."""

    def __init__(self, command: Sequence[str | Path], log: Path) -> None:
        self._command, self._log = command, log
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._answers = -1

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return the answer, one thread at a time. Raises Gone."""
        with self._lock:
            if self._process is None:
                self._start()
            assert self._process
            assert self._process.stdin
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            return self._answer()

    def _start(self) -> None:
        ours, theirs = os.pipe()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, str(theirs)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'proto'}"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[theirs],
            )
        os.close(theirs)
        self._answers = ours
        self._answer()  # that it is ready

    def _answer(self) -> dict[str, Any]:
        found = b""
        while not found.endswith(b"\n"):
            ready, _, _ = select.select([self._answers], [], [], _SECONDS)
            part = os.read(self._answers, 1 << 20) if ready else b""
            if not part:
                self.close()
                raise Gone("its process hung" if not ready else "its process died")
            found += part
        answer: dict[str, Any] = json.loads(found)
        return answer

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(OSError), self._process:  # an error is of what was not sent
                pass
            os.close(self._answers)
            self._process = None
