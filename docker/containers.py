"""The work of `make up`, `make restart` and `make images`. Needs no packages.

``python -m docker.containers up|restart|images [FRAMEWORK ...]``
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from docker import gpu, overlay, tls
from docker.engine import ROOT, Docker, Fault, check, last_line
from services.frameworks import own

PORTS = {name: each.port for name, each in own().items()}
_USUAL = ["pytorch", "tensorflow"]
_WAIT_SECONDS = 120.0
_POLL_SECONDS = 0.25
_LOG_LINES = "15"
_OWN = "label=org.opencontainers.image.vendor=Twinrun"
_TAKEN = re.compile(r"127\.0\.0\.1:(?P<port>\d+)\b.*already (?:allocated|in use)")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m docker.containers", description=__doc__)
    parser.add_argument("action", choices=["up", "restart", "images"])
    parser.add_argument("services", nargs="*", choices=[*PORTS, []], metavar="SERVICE")
    options = parser.parse_args(arguments)
    try:
        docker = Docker()
        check(docker)
        services = options.services
        if options.action == "restart" and not services:
            services = [name for name in PORTS if _container(docker, name)]
        services = services or _USUAL
        if options.action == "restart":
            restart(docker, services)
        else:
            configure(docker)
            build(docker, [*services, "orchestrator"] if options.action == "images" else services)
        if options.action == "up":
            start(docker, services)
        if options.action != "images":
            wait(docker, services)
        if options.action != "restart":
            docker.ask("image", "prune", "--force", "--filter", _OWN)  # what the new ones replaced
    except Fault as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    return 0


def configure(docker: Docker) -> None:
    """Set Compose's files, CPUs, threads and versions. Raises Fault."""
    engine = json.loads(docker.ask("info", "--format", "{{json .}}").stdout)
    files = ["compose.yaml", "compose.override.yaml"]
    way = gpu.chosen(docker, engine)
    if way is not None:
        files.append(overlay.write(way.name, way.runner))
    secrets = tls.settings(os.environ)
    if secrets is not None:
        files.append(overlay.write("tls", tls.RUNNER, secrets=tls.SECRETS))
    docker.files = [word for file in files if (ROOT / file).exists() for word in ("-f", file)]
    cpu_set = os.environ.get("TWINRUN_CPUSET") or f"0-{engine['NCPU'] - 1}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    docker.settings = {
        "TWINRUN_CPUSET": cpu_set,
        "TWINRUN_THREADS": os.environ.get("TWINRUN_THREADS") or str(count(cpu_set)),
        "TWINRUN_VERSION": project["version"],
        "TWINRUN_REVISION": _revision(),
        **(gpu.builds() if way else {}),
        **(secrets or {}),
    }


def build(docker: Docker, services: Sequence[str]) -> None:
    if docker.show("--profile=cli", "build", *services):
        raise Fault("The images could not be built; the lines above say why.")


def start(docker: Docker, services: Sequence[str]) -> None:
    for name in services:  # which a container cannot find out by itself
        image = docker.compose("config", "--images", name).stdout.strip()
        found = docker.ask("image", "inspect", "--format={{.Id}}", image).stdout.strip()
        docker.settings[f"TWINRUN_{name.upper()}_IMAGE"] = f"{image}@{found}"
    started = docker.compose("up", "--detach", "--no-build", *services)
    if started.returncode == 0:
        return
    taken = _TAKEN.search(started.stderr)
    if taken is None:
        raise Fault(f"The containers could not be started: {last_line(started.stderr)}")
    name = next((name for name in services if str(_port(name)) == taken["port"]), services[0])
    raise Fault(
        f"Port {taken['port']} of this machine is taken: end what listens there, or take another: "
        f"make up {_port_variable(name)}={_port(name) + 1000}."
    )


def restart(docker: Docker, services: Sequence[str]) -> None:
    restarted = docker.compose("restart", *services)
    if restarted.returncode:
        raise Fault(
            f"The containers could not be restarted: {last_line(restarted.stderr)}; "
            "'make up' makes those that are not there."
        )


def wait(docker: Docker, services: Sequence[str]) -> None:
    """Return when all are healthy, and print their addresses. Raises Fault."""
    began = time.monotonic()
    containers = {name: _container(docker, name) for name in services}
    for name, container in containers.items():
        if not container:
            raise Fault(f"{name} has no container: 'make up' makes it.")
    waiting = dict(containers)
    while waiting:
        for name, container in list(waiting.items()):
            state = json.loads(docker.ask("inspect", "--format={{json .State}}", container).stdout)
            if state["Health"]["Status"] == "healthy":
                del waiting[name]
            elif why := _why_not(state, time.monotonic() - began):
                _give_up(docker, name, container, why)
        time.sleep(_POLL_SECONDS if waiting else 0)
    for name in services:
        address = docker.compose("port", name, str(PORTS[name])).stdout.strip()
        asked = docker.compose(
            *("exec", "-T", name, "python", "-m", "services.runner.health"),
            *("/state", "--versions"),
        )
        print(f"{name:10}  {address}  {asked.stdout.strip()}")
        if flags := flags_for(name, address):
            print(f"{'':10}  {flags}")


def flags_for(name: str, address: str) -> str:
    """Return how the orchestrator is told where it is; empty where it looks by itself."""
    if not tls.is_loopback(address.rpartition(":")[0]):
        port = address.rpartition(":")[2]
        return f"from other machines: orchestrator compare --{name} NAME:{port} --tls {name}=DIR"
    if address != f"127.0.0.1:{PORTS[name]}":
        return f"not its usual port: orchestrator compare --{name} {address}"
    return ""


def _container(docker: Docker, name: str) -> str:
    """Return its id, running or not; empty where there is none."""
    return docker.compose("ps", "--all", "--quiet", name).stdout.strip()


def _why_not(state: Mapping[str, Any], seconds: float) -> str:
    """Return why it will not become healthy; empty while it may."""
    if state["Status"] != "running":
        return f"it {state['Status']} with code {state['ExitCode']}"
    log = state["Health"]["Log"]
    if log and log[-1]["Output"].startswith("failed: "):
        return str(log[-1]["Output"].strip())
    if state["Health"]["Status"] == "unhealthy" or seconds > _WAIT_SECONDS:
        return f"not within {seconds:.0f} s"
    return ""


def _give_up(docker: Docker, name: str, container: str, why: str) -> NoReturn:
    log = docker.ask("logs", "--tail", _LOG_LINES, container)
    raise Fault(
        f"{name} is not healthy ({why}). Its last lines:\n{(log.stdout + log.stderr).rstrip()}"
    )


def _port(name: str) -> int:
    return int(os.environ.get(_port_variable(name)) or PORTS[name])


def _port_variable(name: str) -> str:
    return f"TWINRUN_{name.upper()}_PORT"


def count(cpu_set: str) -> int:
    """Count the CPUs in ``0-3,8``. Raises Fault."""
    found = 0
    for part in cpu_set.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise Fault(f"TWINRUN_CPUSET is {cpu_set!r}: give CPUs such as 0-3,8.")
        found += int(match[2] or match[1]) - int(match[1]) + 1
    return found


def _revision() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    command = [git, "-C", str(ROOT), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
