"""A runner: ``python -m services.server --framework pytorch --listen 127.0.0.1:50051``."""

import argparse
import contextlib
import importlib.util
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from twinrun.contract import state_dir
from twinrun.contract.data_dir import BLOBS
from twinrun.contract.files import write_whole
from twinrun.v1 import runner_service_pb2, runner_service_pb2_grpc

from services.access.entrance import LIMITS, Entrance
from services.access.faults import AccessFault
from services.access.guard import Guard
from services.data.blobs import Blobs
from services.errors import ImportFailed, TwinrunError
from services.frameworks import FRAMEWORKS
from services.machine import host
from services.runner import listening, ready
from services.runner.interceptor import Interceptor
from services.runner.jobs import Jobs
from services.runner.options import (
    AT_ONCE,
    EXIT_ACCESS,
    EXIT_NOT_INSTALLED,
    EXIT_PORT,
    EXIT_STATE,
    parse,
)
from services.runner.records import Records
from services.runner.servicer import Servicer
from services.runner.worker import Worker

_log = logging.getLogger("twinrun")
_SERVICE = runner_service_pb2.DESCRIPTOR.services_by_name["RunnerService"].full_name
_WATCHERS = 32
_OTHER_CALLS = 8  # threads that remain if every watcher has one
CLOSE_SECONDS = 2.0  # for open calls to end after all jobs have ended
_LOOK_SECONDS = 0.2
LINGER_SECONDS = 30.0  # for which an idle runner outlives the process that started it


class _Fault(Exception):
    """Ends the runner before it serves: an exit code and a sentence."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; a second signal ends the running job at once."""
    options = parse(arguments)
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s {options.framework}: %(message)s",
        stream=sys.stderr,
    )
    try:
        _check_installed(options.framework)
        entrance = Entrance(options)
        with _locked(options.state_dir, options.lock_fd):
            _serve(options, entrance)
    except listening.CannotListen as fault:
        sys.stderr.write(f"runner: {fault}\n")
        return EXIT_PORT
    except AccessFault as fault:
        sys.stderr.write(f"runner: {fault}\n")
        return EXIT_ACCESS
    except _Fault as fault:
        sys.stderr.write(f"runner: {fault}\n")
        return fault.code
    return 0


def _check_installed(framework: str) -> None:
    needs = FRAMEWORKS[framework].needs
    if missing := [package for package in needs if importlib.util.find_spec(package) is None]:
        raise _Fault(
            EXIT_NOT_INSTALLED,
            f"{' and '.join(missing)} is not installed for {sys.executable}; 'make setup "
            f"FRAMEWORKS={framework}' makes an environment with it",
        )


@contextlib.contextmanager
def _locked(path: Path, lock: int | None) -> Iterator[None]:
    """Hold the state directory for this runner alone, without what a killed runner left there.

    ``lock``: the descriptor with which whoever started this runner already holds it.
    """
    try:
        state_dir.prepare(path)
        if lock is None:
            lock = _lock(path / state_dir.LOCK)
        elif not state_dir.hold(lock, alone=True):
            lock = None
        if lock is None:
            raise _Fault(EXIT_STATE, f"another runner uses {path}; stop it, or give --state-dir")
        os.set_inheritable(lock, False)
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        (path / state_dir.ADDRESS).unlink(missing_ok=True)
        state_dir.sweep(path)
    except OSError as error:
        raise _Fault(EXIT_STATE, f"{path} cannot be used: {error}; give --state-dir") from None
    try:
        yield
    finally:
        os.close(lock)


def _lock(path: Path) -> int | None:
    """Lock as `state_dir.held`; try twice, because others may hold it briefly to look."""
    lock = state_dir.held(path, alone=True)
    if lock is None:
        time.sleep(_LOOK_SECONDS)
        lock = state_dir.held(path, alone=True)
    return lock


def _serve(options: argparse.Namespace, entrance: Entrance) -> None:
    os.environ[host.COMMIT_VARIABLE] = host.git_commit()  # determined once, for all trials
    worker = Worker(FRAMEWORKS[options.framework].module)
    try:
        records = Records(options.framework, options.state_dir / "jobs", options.keep)
    except OSError as error:
        raise _Fault(EXIT_STATE, f"{options.state_dir} cannot be read: {error}") from None
    jobs = Jobs(records, worker, options.data_dir.absolute(), options.backlog)
    max_message_bytes = options.max_message_mib * 2**20
    blobs = Blobs(jobs.data_dir / BLOBS, options.blob_limit * 10**9, jobs.blobs)
    try:
        blobs.trim()
    except OSError as error:  # jobs that need none can run
        _log.warning("the data that clients sent cannot be looked through: %s", error)
    given = options.framework, jobs, max_message_bytes, _WATCHERS, options.threads
    guard = entrance.guard
    allowed = ready.Allowed(code=options.allow_code, together=options.allow_together)
    servicer = Servicer(*given, blobs=blobs, guard=guard, allowed=allowed)
    health_servicer = health.HealthServicer()
    server = _server(servicer, health_servicer, max_message_bytes, guard)
    _set_serving(health_servicer, serving=False)
    port = listening.listen(server, options.listen, entrance.credentials)
    socket_path = options.state_dir.absolute() / state_dir.SOCKET
    socket_path.unlink(missing_ok=True)  # of a runner with TLS that was killed
    if entrance.credentials:  # whoever has the state directory needs neither certificate nor token
        local = _server(servicer, health_servicer, max_message_bytes, Guard())
        listening.listen_locally(local, socket_path)
    stops, ask = _stops()
    server.start()
    address = f"{options.listen.rpartition(':')[0]}:{port}"
    _announce(address, options.state_dir)

    threading.Thread(
        target=_work, args=(jobs, servicer, health_servicer, options.lazy), daemon=True
    ).start()
    if options.until_stdin_closes:
        threading.Thread(
            target=_stop_without_owner,
            args=(jobs, options.state_dir, ask, options.until_stdin_closes == AT_ONCE),
            daemon=True,
        ).start()
    os.read(stops, 1)
    (options.state_dir / state_dir.ADDRESS).unlink(missing_ok=True)  # no new client should come
    _set_serving(health_servicer, serving=False)
    threading.Thread(target=_stop_at_once, args=(jobs, stops), daemon=True).start()
    jobs.stop(options.grace)
    worker.close()
    (options.state_dir / state_dir.ADDRESS).unlink(missing_ok=True)
    server.stop(CLOSE_SECONDS).wait()
    _log.info("stopped")


def _announce(address: str, path: Path) -> None:
    try:
        write_whole(path / state_dir.ADDRESS, address.encode())
    except OSError as error:
        raise _Fault(EXIT_STATE, f"{path} cannot be written to: {error}") from None
    _log.info("listening on %s; jobs in %s", address, path)


def _work(
    jobs: Jobs, servicer: Servicer, health_servicer: health.HealthServicer, lazy: bool
) -> None:
    if lazy and not jobs.wait_for_work():
        return
    try:
        servicer.prepared(jobs.prepare())
    except Exception as error:  # noqa: BLE001 - whatever it was, jobs can still be asked for
        _log.warning("not ready: %s", error)
        servicer.failed(error if isinstance(error, TwinrunError) else ImportFailed(repr(error)))
    else:
        _set_serving(health_servicer, serving=True)
        _log.info("ready")
    jobs.run()


def _server(
    servicer: Servicer,
    health_servicer: health.HealthServicer,
    max_message_bytes: int,
    guard: Guard,
) -> grpc.Server:
    server = grpc.server(
        ThreadPoolExecutor(_WATCHERS + _OTHER_CALLS),
        interceptors=[Interceptor(guard)],
        options=[
            ("grpc.so_reuseport", 0),  # so that a second runner on the port is refused
            ("grpc.max_receive_message_length", max_message_bytes),
            *LIMITS,
        ],
    )
    runner_service_pb2_grpc.add_RunnerServiceServicer_to_server(servicer, server)
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    reflection.enable_server_reflection(
        [_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME], server
    )
    return server


def _set_serving(servicer: health.HealthServicer, *, serving: bool) -> None:
    status = health_pb2.HealthCheckResponse
    for name in ("", _SERVICE):
        servicer.set(name, status.SERVING if serving else status.NOT_SERVING)


def _stops() -> tuple[int, int]:
    """Return a pipe's ends: each SIGTERM or SIGINT writes a byte.

    A lock or a queue would not work: if another thread takes the signal, the main one keeps
    waiting.
    """
    stops, ask = os.pipe()
    os.set_blocking(ask, False)  # as `set_wakeup_fd` requires
    signal.set_wakeup_fd(ask)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    return stops, ask


def _stop_at_once(jobs: Jobs, stops: int) -> None:
    """Do what a second signal asks for."""
    os.read(stops, 1)
    jobs.stop(0)


def _stop_without_owner(jobs: Jobs, path: Path, ask: int, at_once: bool) -> None:
    """Finish jobs that run or arrive meanwhile first, so that someone can still watch them.

    But not if it is to stop ``at_once``.

    The runner outlives every command that uses it, and each of those holds the lease.
    """
    # Not sys.stdin, whose lock a thread that still waits at the end would hold forever.
    with contextlib.suppress(OSError):  # already closed at the start
        while os.read(0, 1024):
            pass
    if at_once:
        _log.info("whoever started this runner is gone")
        os.write(ask, b"\0")
        return
    jobs.wait_until_idle(LINGER_SECONDS)
    with contextlib.suppress(OSError):  # if there can be no lease, nobody holds one
        lease = state_dir.opened(path / state_dir.LEASE, os.O_RDWR | os.O_CREAT)
        while not (state_dir.hold(lease, alone=True, wait=True) and jobs.idle):
            state_dir.hold(lease, alone=False)  # its job continues without it
            jobs.wait_until_idle(LINGER_SECONDS)
    _log.info("idle, and whoever started this runner is gone")
    os.write(ask, b"\0")
