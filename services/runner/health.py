"""Asks for a runner's health, on behalf of the engine that its container runs in.

``python -m services.runner.health RUNNER [--versions]``: exit code 0 if it serves, else 1; RUNNER:
HOST:PORT, or its state directory: whoever has that needs no certificate and no token.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from twinrun.contract import state_dir
from twinrun.v1 import runner_service_pb2, runner_service_pb2_grpc

_SECONDS = 5.0
_SERVING = health_pb2.HealthCheckResponse.SERVING


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.runner.health", description=__doc__)
    parser.add_argument("runner", metavar="RUNNER", help="HOST:PORT, or STATE_DIR")
    parser.add_argument("--versions", action="store_true", help="say what it runs, and on what")
    options = parser.parse_args(arguments)
    with grpc.insecure_channel(
        _address(options.runner), [("grpc.enable_http_proxy", 0)]
    ) as channel:
        try:
            serving, sentence = _ask(channel, options.versions)
        except grpc.RpcError as error:
            serving, sentence = False, f"no answer: {error.details()}"
    sys.stdout.write(f"{sentence}\n")
    return 0 if serving else 1


def _address(runner: str) -> str:
    """Return where it answers without TLS."""
    if not Path(runner).is_dir():
        return runner
    socket, announced = (Path(runner) / name for name in (state_dir.SOCKET, state_dir.ADDRESS))
    if socket.exists() or not announced.exists():
        return f"unix:{socket}"
    return announced.read_text().strip()


def _ask(channel: grpc.Channel, versions: bool) -> tuple[bool, str]:
    """Return whether it serves, and a sentence."""
    check = health_pb2.HealthCheckRequest()
    stub: Any = health_pb2_grpc.HealthStub(channel)  # its types lack the methods
    answer = stub.Check(check, timeout=_SECONDS)
    serving = answer.status == _SERVING
    if serving and not versions:
        return True, "serving"
    info = runner_service_pb2_grpc.RunnerServiceStub(channel).GetServerInfo(
        runner_service_pb2.GetServerInfoRequest(), timeout=_SECONDS
    )
    if info.HasField("import_error"):
        return False, f"failed: {info.import_error.message}"
    if not serving:
        return False, "not serving yet"
    return True, _versions(info)


def _versions(info: runner_service_pb2.GetServerInfoResponse) -> str:
    environment = info.environment
    devices = ", ".join(f"{a.name} ({a.uuid})" for a in environment.accelerators) or "no GPU"
    return (
        f"{environment.framework} {environment.framework_version}, Twinrun {info.version}, "
        f"{environment.threads} threads on CPUs {environment.cpu_set}, {devices}"
    )


if __name__ == "__main__":
    sys.exit(main())
