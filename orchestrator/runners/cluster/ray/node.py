"""What runs on a node of Ray: it starts runners there, watches that they live, and ends them.

Ray sends this class to the node by value, where nothing of Twinrun need be importable. So this
module imports the standard library alone, and what it returns are plain values.
"""

import contextlib
import fcntl
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# All that a runner gets of the environment in which Ray was started on the node. Ray's own changes
# (OMP_NUM_THREADS, CUDA_VISIBLE_DEVICES, PYTHONPATH, RAY_...) are not in it.
ALLOWED = frozenset(
    (
        *("HOME", "USER", "LOGNAME", "PATH", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
        *("XDG_STATE_HOME", "XDG_CACHE_HOME", "TWINRUN_DATA_DIR", "TWINRUN_THREADS"),
        *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    )
)
ENVIRONMENTS = "TWINRUN_ENVIRONMENTS"  # the folder with .venv-pytorch and others
START_SECONDS = 300.0  # as of local runners
_END_SECONDS = 15.0
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 0.02
_LOG_LINES = 5
# Of the command lines of Ray's processes, its workers among them.
_RAYS = (b"/raylet/raylet", b"gcs_server", b"ray/dashboard/", b"ray/_private/", b"ray::")


class Fault(Exception):
    """Why runners cannot be started: a ``kind`` with its values."""

    def __init__(self, kind: str, **values: object) -> None:
        super().__init__(kind)
        self.told = {"fault": kind, **values}


class Node:
    """A node, or one GPU of it; methods run at once, in threads.

    ``key``: the node's id, with the number of the part. ``parts``: how many GPUs of the node have
    an actor of their own, each the one that Ray gave it; 0: this one has the whole node.
    """

    def __init__(self, key: str, parts: int = 0) -> None:
        node, dash, part = key.partition("-")
        self._folder = f"{node[:12]}{dash}{part}"
        self._parts = parts
        self._gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "") if parts else ""
        self._raylet = os.getppid()
        self._environment = environment_before(self._raylet)
        self._runners: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, Path] = {}
        self._secrets: list[Path] = []
        self._over = threading.Event()
        self._last = time.monotonic(), cpu_seconds()

    def look(self) -> dict[str, object]:
        """Return which machine, and which network of it, the node is on, and the ``gpu`` of it.

        Or a ``fault``: if Ray did not say which GPU, trials would take the same one.
        """
        if self._parts and (not self._gpu or "," in self._gpu):
            return Fault("no_gpu", found=self._gpu).told
        return {"machine": machine_id(), "network": network_id(), "gpu": self._gpu}

    def start(self, order: Mapping[str, Any]) -> dict[str, object]:
        """Start runners; return their ``addresses`` by name and their ``niceness``, or a ``fault``.

        ``order``: ``runners`` (name, framework, environment), the folder of ``environments`` if the
        node names none, the ``host`` to listen on, and ``files`` of TLS by option; none: without.
        ``together``: they may train with those of other nodes.
        """
        try:
            return self._start(order)
        except Fault as fault:
            self.stop()
            return fault.told
        except OSError as error:
            self.stop()
            return Fault("failed", why=str(error)).told

    def watch(self) -> dict[str, object]:
        """Return once a runner has ended, or all were stopped; end with the node's raylet."""
        while not self._over.wait(_LOOK_SECONDS):
            self._end_with_raylet()
            for name, process in self._runners.items():
                if (code := process.poll()) is not None:
                    return {"runner": name, "code": code, **self._last_lines(name)}
        return {}

    def cores(self) -> float | None:
        """Return how many CPUs Ray's processes here used since the last call. None: not known."""
        then, before = self._last
        self._last = now, after = time.monotonic(), cpu_seconds()
        if before is None or after is None or now <= then:
            return None
        used = sum(max(0.0, seconds - before.get(which, 0.0)) for which, seconds in after.items())
        return used / (now - then)

    def stop(self) -> None:
        """End all runners; return when they are gone."""
        self._over.set()
        for process in self._runners.values():
            process.terminate()
        for process in self._runners.values():
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
        self._remove_secrets()

    def _start(self, order: Mapping[str, Any]) -> dict[str, object]:
        folder = Path(self._environment.get(ENVIRONMENTS) or order["environments"])
        pythons = {
            each["name"]: folder / each["environment"] / "bin/python" for each in order["runners"]
        }
        if missing := [str(path) for path in pythons.values() if not path.exists()]:
            raise Fault("no_python", paths=missing)
        home = Path(self._environment.get("XDG_STATE_HOME") or Path.home() / ".local/state")
        states = home / "twinrun" / "ray" / self._folder
        access = {flag: states / "tls" / f"{flag}.pem" for flag in order["files"]}
        self._secrets = list(access.values())
        for flag, path in access.items():
            _write(path, order["files"][flag])
        with contextlib.suppress(OSError):  # it may not: then the niceness is told
            os.setpriority(os.PRIO_PROCESS, 0, 0)  # of this thread, from which runners have it
        for each in order["runners"]:
            name = each["name"]
            state = states / name
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            _await_end(state / "lock")
            (state / "address").unlink(missing_ok=True)
            self._logs[name] = state / "runner.log"
            with self._logs[name].open("wb") as log:
                self._runners[name] = subprocess.Popen(
                    [
                        *(pythons[name], "-m", "services.server"),
                        *("--framework", each["framework"], "--listen", f"{order['host']}:0"),
                        *("--state-dir", state, "--allow-code"),
                        *(["--allow-together"] if order["together"] else ()),
                        *(f"--{flag}={path}" for flag, path in access.items()),
                        *("--until-stdin-closes=at-once", "--grace=0"),
                    ],
                    env={
                        **self._of_part(),
                        **{k: v for k, v in self._environment.items() if _is_allowed(k)},
                        **({"CUDA_VISIBLE_DEVICES": self._gpu} if self._gpu else {}),
                        "PYTHONSAFEPATH": "1",  # imports nothing from the folder that it is in
                    },
                    stdin=subprocess.PIPE,  # it ends with this process
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        addresses = {
            name: self._address(name, states / name / "address", process)
            for name, process in self._runners.items()
        }
        self._remove_secrets()  # runners have read them, and keep that
        pids = [process.pid for process in self._runners.values()]
        niceness = max(os.getpriority(os.PRIO_PROCESS, pid) for pid in pids)
        return {"addresses": addresses, "niceness": niceness, "pids": pids}

    def _of_part(self) -> dict[str, str]:
        """Return what a runner gets unless the node says otherwise: its part of the CPUs."""
        if not self._parts:
            return {}
        return {"TWINRUN_THREADS": str(max(1, len(os.sched_getaffinity(0)) // self._parts))}

    def _address(self, name: str, file: Path, process: subprocess.Popen[bytes]) -> str:
        end = time.monotonic() + START_SECONDS
        while not file.exists():
            if process.poll() is not None or time.monotonic() > end:
                raise Fault("ended", runner=name, **self._last_lines(name))
            self._end_with_raylet()
            time.sleep(_PAUSE_SECONDS)
        return file.read_text()

    def _end_with_raylet(self) -> None:
        if os.getppid() != self._raylet:  # whoever gave this node away knows nothing of it now
            self._remove_secrets()
            os._exit(1)

    def _remove_secrets(self) -> None:
        for path in self._secrets:
            path.unlink(missing_ok=True)

    def _last_lines(self, name: str) -> dict[str, str]:
        lines = self._logs[name].read_text(errors="replace").splitlines()
        return {"log": str(self._logs[name]), "last": "\n".join(lines[-_LOG_LINES:])}


def environment_before(raylet: int) -> dict[str, str]:
    """Return the environment in which Ray was started here: of the worker's parent.

    Where it cannot be read, the worker's own, without what Ray changes in it.
    """
    try:
        found = Path(f"/proc/{raylet}/environ").read_bytes().split(b"\0")
    except OSError:
        changed = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "PYTHONPATH")
        return {name: value for name, value in os.environ.items() if name not in changed}
    pairs = (os.fsdecode(each).partition("=") for each in found if b"=" in each)
    return {name: value for name, _, value in pairs}


def machine_id() -> str:
    """Return what is the same for all nodes of one machine, and differs from boot to boot."""
    return _first_line("/proc/sys/kernel/random/boot_id") or os.uname().nodename


def network_id() -> str:
    """Return what is the same for all who share this machine's loopback, and for nobody else."""
    with contextlib.suppress(OSError):
        return f"{machine_id()} {Path('/proc/self/ns/net').stat().st_ino}"
    return machine_id()


def cpu_seconds() -> dict[tuple[int, str], float] | None:
    """Return the CPU time of each process of Ray, by process and its start. None: not known."""
    if not Path("/proc/self/stat").exists():
        return None
    return dict(_times(os.sysconf("SC_CLK_TCK")))


def _times(ticks: int) -> Iterator[tuple[tuple[int, str], float]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            if any(each in command for each in _RAYS):
                # proc(5): of what follows the name in brackets, utime, stime and starttime.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                seconds = (int(fields[11]) + int(fields[12])) / ticks
                yield (int(folder.name), fields[19]), seconds
        except (OSError, ValueError, IndexError):  # it has ended meanwhile
            continue


def _is_allowed(name: str) -> bool:
    return name in ALLOWED or name.startswith("LC_")


def _await_end(lock: Path) -> None:
    """Wait until a runner of an earlier command has ended: a block is alone on its machine."""
    end = time.monotonic() + 2 * _END_SECONDS
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Fault("held", path=str(lock.parent)) from None
                time.sleep(_PAUSE_SECONDS)
            else:
                return
    finally:
        os.close(descriptor)


def _write(path: Path, secret: str) -> None:
    """Write a file for this user alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w") as file:
        file.write(secret)


def _first_line(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text().strip()
    return ""
