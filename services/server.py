"""A runner: ``python -m services.server --framework pytorch --listen 127.0.0.1:50051``."""

import argparse
import importlib.util
import logging
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

import filelock
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from twinrun.v1 import runner_service_pb2, runner_service_pb2_grpc

from services.errors import ImportFailed, TwinrunError
from services.files import write_whole
from services.frameworks import FRAMEWORKS
from services.interceptor import ErrorInterceptor
from services.jobs import Jobs
from services.options import EXIT_NOT_INSTALLED, EXIT_PORT, EXIT_STATE, parse
from services.records import Records
from services.servicer import Servicer
from services.worker import Worker

_log = logging.getLogger("twinrun")
_SERVICE = runner_service_pb2.DESCRIPTOR.services_by_name["RunnerService"].full_name
_WATCHERS = 32
_OTHER_CALLS = 8  # threads that are left where every watcher has one
_LINGER_SECONDS = 30.0  # for which an idle runner outlives the one that started it


class _Fault(Exception):
    """Ends the runner before it serves: an exit code and a sentence."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; a second one ends the running job at once."""
    options = parse(arguments)
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s {options.framework}: %(message)s",
        stream=sys.stderr,
    )
    try:
        _check_installed(options.framework)
        with _locked(options):
            _serve(options)
    except _Fault as fault:
        sys.stderr.write(f"runner: {fault}\n")
        return fault.code
    return 0


def _check_installed(framework: str) -> None:
    requires = FRAMEWORKS[framework].requires
    if importlib.util.find_spec(requires) is None:
        raise _Fault(
            EXIT_NOT_INSTALLED,
            f"{requires} is not installed for {sys.executable}; 'make setup' makes an environment "
            "for each framework",
        )


def _locked(options: argparse.Namespace) -> filelock.BaseFileLock:
    """The state directory, for this runner alone."""
    try:
        options.state_dir.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(options.state_dir / "lock")
        lock.acquire(blocking=False)
    except filelock.Timeout:
        raise _Fault(
            EXIT_STATE,
            f"another runner uses {options.state_dir}; stop it, or give --state-dir",
        ) from None
    except OSError as error:
        raise _Fault(
            EXIT_STATE, f"{options.state_dir} cannot be used: {error}; give --state-dir"
        ) from None
    return lock


def _serve(options: argparse.Namespace) -> None:
    worker = Worker(FRAMEWORKS[options.framework].module)
    try:
        records = Records(options.framework, options.state_dir / "jobs", options.keep)
    except OSError as error:
        raise _Fault(EXIT_STATE, f"{options.state_dir} cannot be read: {error}") from None
    jobs = Jobs(records, worker, options.data_dir.absolute(), options.backlog)
    max_message_bytes = options.max_message_mib * 2**20
    servicer = Servicer(options.framework, jobs, max_message_bytes, _WATCHERS)
    health_servicer = health.HealthServicer()
    server = _server(servicer, health_servicer, max_message_bytes)
    _set_serving(health_servicer, serving=False)
    port = _listen(server, options.listen)
    stop = _stop_on_signals(jobs)
    server.start()
    address = f"{options.listen.rpartition(':')[0]}:{port}"
    write_whole(options.state_dir / "address", address.encode())
    _log.info("listening on %s; jobs in %s", address, options.state_dir)

    threading.Thread(target=_work, args=(jobs, servicer, health_servicer), daemon=True).start()
    if options.until_stdin_closes:
        threading.Thread(target=_stop_without_owner, args=(jobs, stop), daemon=True).start()
    stop.wait()
    _set_serving(health_servicer, serving=False)
    jobs.stop(options.grace)
    worker.close()
    (options.state_dir / "address").unlink(missing_ok=True)
    server.stop(grace=2).wait()
    _log.info("stopped")


def _work(jobs: Jobs, servicer: Servicer, health_servicer: health.HealthServicer) -> None:
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
    servicer: Servicer, health_servicer: health.HealthServicer, max_message_bytes: int
) -> grpc.Server:
    server = grpc.server(
        ThreadPoolExecutor(_WATCHERS + _OTHER_CALLS),
        interceptors=[ErrorInterceptor()],
        options=[
            ("grpc.so_reuseport", 0),  # so that a second runner on the port is refused
            ("grpc.max_receive_message_length", max_message_bytes),
        ],
    )
    runner_service_pb2_grpc.add_RunnerServiceServicer_to_server(servicer, server)
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    reflection.enable_server_reflection(
        [_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME], server
    )
    return server


def _listen(server: grpc.Server, address: str) -> int:
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        port = 0
    if not port:
        raise _Fault(
            EXIT_PORT,
            f"{address} cannot be listened on: it is taken, or not an address HOST:PORT of this "
            "machine; give another with --listen (port 0: any that is free)",
        )
    return port


def _set_serving(servicer: health.HealthServicer, *, serving: bool) -> None:
    status = health_pb2.HealthCheckResponse
    for name in ("", _SERVICE):
        servicer.set(name, status.SERVING if serving else status.NOT_SERVING)


def _stop_on_signals(jobs: Jobs) -> threading.Event:
    """An event that SIGTERM or SIGINT sets; the second one ends the running job at once."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            threading.Thread(target=jobs.stop, args=(0,), daemon=True).start()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return stop


def _stop_without_owner(jobs: Jobs, stop: threading.Event) -> None:
    """Jobs that run or come in meanwhile are done first, so that someone can still watch them."""
    sys.stdin.buffer.read()
    idle_since = time.monotonic()
    while time.monotonic() - idle_since < _LINGER_SECONDS:
        time.sleep(1)
        if not jobs.idle:
            idle_since = time.monotonic()
    _log.info("idle, and whoever started this runner is gone")
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
