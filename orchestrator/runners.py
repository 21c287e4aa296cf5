"""Finds each framework's runner, or starts one, and stops those that it started."""

import contextlib
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from twinrun.v1 import job_pb2

from orchestrator import local
from orchestrator.client import Client
from orchestrator.config import PORTS, Places
from orchestrator.errors import OrchestratorError, RunnerUnavailable

_PROBE_SECONDS = 2.0
_ACTIVE = {job_pb2.JOB_STATE_PENDING, job_pb2.JOB_STATE_RUNNING}


class Runners:
    """Runners by framework, each found at its first use. A context manager.

    Taken in this order: a given address, the framework's default port, one that was started
    before, a new local process, which ends with the block.
    """

    def __init__(self, places: Places, say: Callable[[str], None]) -> None:
        """``say`` is told which runner is taken."""
        self._places = places
        self._say = say
        self._clients: dict[str, Client] = {}
        self._started: list[tuple[local.LocalRunner, Client]] = []
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for runner, client in self._started:
            if _has_active_jobs(client):
                runner.leave()
            else:
                runner.stop()
        self._exits.close()

    def require(self, framework: str) -> None:
        """Raises RunnerUnavailable now rather than when the runner's turn has come."""
        if self._found(framework) is None:
            local.require_environment(framework, self._places)

    def get(self, framework: str) -> Client:
        """The runner's client. Raises RunnerUnavailable."""
        return self._found(framework) or self._start(framework)

    def available_cpus(self, framework: str) -> int | None:
        """CPUs of a runner that is there; None where it is yet to be started."""
        found = self._found(framework)
        return found.info().available_cpus if found else None

    def _found(self, framework: str) -> Client | None:
        if framework not in self._clients:
            given = self._places.addresses.get(framework)
            client = self._given(framework, given) if given else self._answering(framework)
            if client is None:
                return None
            self._clients[framework] = client
            self._say(f"{framework}: the runner at {client.address}")
        return self._clients[framework]

    def _given(self, framework: str, address: str) -> Client:
        client = self._exits.enter_context(Client(framework, address))
        client.info()
        return client

    def _answering(self, framework: str) -> Client | None:
        for address in (
            f"127.0.0.1:{PORTS[framework]}",
            local.announced(framework, self._places),
        ):
            if address is None:
                continue
            client = self._exits.enter_context(Client(framework, address))
            with contextlib.suppress(RunnerUnavailable):
                client.info(_PROBE_SECONDS)
                return client
        return None

    def _start(self, framework: str) -> Client:
        runner = local.start(framework, self._places)
        client = self._exits.enter_context(
            Client(framework, runner.address, gone=lambda: runner.gone)
        )
        self._started.append((runner, client))
        client.info()
        self._clients[framework] = client
        self._say(f"{framework}: a local runner, started for this command")
        return client


def _has_active_jobs(client: Client) -> bool:
    try:
        return any(job.state in _ACTIVE for job in client.jobs())
    except OrchestratorError:
        return False
