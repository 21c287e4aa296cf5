"""Processes of tests that are forked from one that has imported what they need.

Most of what the commands and runners of small jobs take is imports: half a second of a CPU each
time. `Forked` is a `subprocess.Popen` that saves it. Its process is one of its own, with its own
folder, environment, files and signals, and ends as any other. What is different: its parent, what
/proc tells of its command line and first environment, and its memory, of which it shares a part.
Also, all forks of a server have one seed of hashes, and find modules imported that a fresh process
would import itself, or miss: tests/integration/test_fresh.py looks at that.
Where that matters, and where there is no Linux, `subprocess.Popen` is taken instead.
"""

import atexit
import inspect
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.forks import protocol

ADDRESSES = "TWINRUN_TEST_FORKS"  # the folder of the servers' sockets
# Module: what the server of its processes imports.
SERVED = {
    "orchestrator": "tests.forks.commands",
    "tests.integration.undrawn": "tests.forks.commands",
    "tests.integration.fake_runner": "tests.forks.runners",
    "services.trial.child": "tests.forks.children",
    "tests.forks.told": "tests.forks.runners",
}
# What Python and its libraries read once, when they start: a fork would not heed another value.
_AT_START = re.compile(r"PYTHON|LC_|LANG|(OMP|MKL|OPENBLAS|BLIS|NUMEXPR)_|MPL|GRPC_|TZ$")


def _at_start(env) -> dict[str, str]:
    return {name: value for name, value in env.items() if _AT_START.match(name)}


_BEGAN = _at_start(os.environ)  # a test may change it
_EXECUTES = inspect.signature(subprocess.Popen._execute_child)


class Forked(subprocess.Popen):
    """A process for ``[sys.executable, "-m", MODULE, ...]`` of a module of `SERVED`, or with -P."""

    def _execute_child(self, *given: Any) -> None:
        """Do as Popen: this is where it forks."""
        asked = SimpleNamespace(**_EXECUTES.bind(self, *given).arguments)
        unheeded = [
            *(asked.executable, asked.preexec_fn, asked.shell, asked.umask != -1),
            asked.process_group not in {-1, None},
            *(each is not None for each in (asked.uid, asked.gid, asked.gids)),
        ]
        assert not any(unheeded), "not for forks"
        pipes = asked.p2cread, asked.c2pwrite, asked.errwrite
        files = {number: number if pipe == -1 else pipe for number, pipe in enumerate(pipes)}
        files |= {file: file for file in asked.pass_fds}
        words = asked.args[asked.args.index("-m") + 1 :]
        request = protocol.Request(
            list(map(os.fspath, words)),
            os.fspath(asked.cwd or Path.cwd()),
            dict(os.environ if asked.env is None else asked.env),
            list(files),
            asked.start_new_session,
            asked.args[1] == "-P",
        )
        self._channel = socket.socket(socket.AF_UNIX)
        try:
            self._channel.connect(str(_address(words[0])))
            protocol.send(self._channel, request, list(files.values()))
            self.pid = protocol.started(self._channel)
        except BaseException:
            self._channel.close()
            raise
        self._child_created = True
        ends = asked.p2cread, asked.p2cwrite, asked.c2pread, asked.c2pwrite
        self._close_pipe_fds(*ends, asked.errread, asked.errwrite)

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        """Return as os.waitpid, of a process whose parent is the server."""
        if wait_flags & os.WNOHANG and not select.select([self._channel], [], [], 0)[0]:
            return 0, 0
        status = protocol.number(self._channel)
        self._channel.close()
        return self.pid, status

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):
            try:
                if self.returncode is None and (found := self._try_wait(os.WNOHANG))[0]:
                    self._handle_exitstatus(found[1])
            finally:
                self._waitpid_lock.release()
        return self.returncode


def popen(command: list[str], env: dict[str, str] | None = None, **settings: Any):
    """Return a process for the command: forked, if nothing speaks against it."""
    given = os.environ if env is None else env
    plain = [sys.executable, *command[1 + (command[1] == "-P") :]]
    of_module = plain[:2] == [sys.executable, "-m"] and plain[2] in SERVED
    alike = _at_start(given) == _BEGAN
    kind = Forked if of_module and alike and sys.platform == "linux" else subprocess.Popen
    return kind(command, env=env, **settings)


def served(*modules: str) -> dict[str, str]:
    """Return what must be in the environment of a process whose own are to be forked too."""
    if sys.platform != "linux" or _at_start(os.environ) != _BEGAN:
        return {}
    folder, *_ = (_address(each).parent for each in modules)
    return {ADDRESSES: str(folder)}


def is_marked(pid: int, mark: str) -> bool:
    """Return whether a living process was forked with it: /proc does not have its environment."""
    name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    return name != "" and rest.split()[0] != "Z" and mark.startswith(f"{protocol.MARK}={name}")


_started: dict[str, Path] = {}  # by what they import


def _address(module: str) -> Path:
    """Return where the module's server listens, which is started for the first who asks."""
    warm = SERVED[module]
    if folder := os.environ.get(ADDRESSES):
        return Path(folder) / warm.rpartition(".")[2]
    if warm not in _started:
        folder = next(iter(_started.values())).parent if _started else Path(tempfile.mkdtemp())
        address = _started[warm] = folder / warm.rpartition(".")[2]
        command = [sys.executable, "-m", "tests.forks.server", str(address), warm]
        server = subprocess.Popen(command, stdin=subprocess.PIPE)  # which ends with its input
        atexit.register(server.communicate)
        while not address.exists():
            assert server.poll() is None, "a server of forks ended at its start"
            time.sleep(0.01)
    return _started[warm]
