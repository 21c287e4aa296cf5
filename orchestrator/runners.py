"""Finds each framework's runner, or starts one, and stops those that it started."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing

from twinrun.v1 import job_pb2

from orchestrator import local
from orchestrator.client import Client
from orchestrator.config import PORTS, Places
from orchestrator.errors import OrchestratorError, RunnerUnavailable, WrongRunner
from orchestrator.language import Phrase, english, say
from orchestrator.words import OF

_TAKEN = Phrase("{framework}: the runner at {address}")
_STARTED = Phrase("{framework}: a local runner, started for this command")
_PASSED_OVER = Phrase("{framework}: passed over: {why}")
_PROBE_SECONDS = 10.0  # where nobody listens, it is known at once
_ACTIVE = {job_pb2.JOB_STATE_PENDING, job_pb2.JOB_STATE_RUNNING}


class Runners:
    """Runners by framework.

    Each is taken in this order: a given address, the framework's default port, where a container
    listens too, one that was started before, a new local process, which `close` ends. A runner
    that still imports its framework is taken; one that could not is not, unless it was given.
    """

    def __init__(self, places: Places, tell: Callable[[str], None], lazy: bool = True) -> None:
        """``tell`` is told which runner is taken; ``lazy`` as in `local.start`."""
        self._places = places
        self._tell = tell
        self._lazy = lazy
        self._clients: dict[str, Client] = {}
        self._started: dict[str, local.LocalRunner] = {}
        self._exits = ExitStack()

    def close(self) -> None:
        """End those that were started; return when they are gone."""
        ending = []
        for framework, runner in self._started.items():
            client = self._clients.get(framework)
            if client is not None and _has_active_jobs(client):
                runner.leave()  # someone else's
            else:
                runner.terminate()
                ending.append(runner)
        self._exits.close()
        for runner in ending:
            runner.wait()

    def prepare(self, frameworks: Sequence[str]) -> None:
        """Find or start them all, without waiting till those that are started listen."""
        for framework in frameworks:
            given = self._places.addresses.get(framework)
            client = self._given(framework, given) if given else self._answering(framework)
            if client is not None:
                self._clients[framework] = client
                self._tell(say(_TAKEN, framework=framework, address=client.address))
            else:
                self._started[framework] = local.start(framework, self._places, self._lazy)
                self._tell(say(_STARTED, framework=framework))

    def get(self, framework: str) -> Client:
        """The client of the framework's runner. Raises RunnerUnavailable."""
        if framework not in self._clients and framework not in self._started:
            self.prepare([framework])
        if framework not in self._clients:
            runner = self._started[framework]
            self._clients[framework] = self._connect(
                framework, runner.address(), lambda: runner.gone
            )
            self._clients[framework].info()
        return self._clients[framework]

    def process_id(self, framework: str) -> int | None:
        """Of a runner that was started here."""
        runner = self._started.get(framework)
        return runner.process.pid if runner else None

    def _connect(
        self, framework: str, address: str, gone: Callable[[], bool] = lambda: False
    ) -> Client:
        return self._exits.enter_context(closing(Client(framework, address, gone)))

    def _given(self, framework: str, address: str) -> Client:
        client = self._connect(framework, address)
        client.info()
        return client

    def _answering(self, framework: str) -> Client | None:
        client = answering(framework, self._places, self._tell)
        return client and self._exits.enter_context(closing(client))


def answering(
    framework: str, places: Places, tell: Callable[[str], None] = lambda _: None
) -> Client | None:
    """A client of the framework's runner that answers now; None where none does. Starts none.

    At the given address, else at the default port, else where one says that it listens. ``tell``
    is told which is passed over, and why. The caller closes the client.
    """
    given = places.addresses.get(framework)
    default = f"127.0.0.1:{PORTS[framework]}"
    for address in [given] if given else [default, local.announced(framework, places)]:
        if address is None:
            continue
        client = Client(framework, address)
        try:
            info = client.info(_PROBE_SECONDS)
            if not info.HasField("import_error"):
                return client
            why = english(OF, name=address, what=info.import_error.message)
            tell(say(_PASSED_OVER, framework=framework, why=why))
        except WrongRunner as error:
            tell(say(_PASSED_OVER, framework=framework, why=error.message))
        except RunnerUnavailable:
            pass
        client.close()
    return None


def _has_active_jobs(client: Client) -> bool:
    try:
        return any(job.state in _ACTIVE for job in client.jobs())
    except OrchestratorError:
        return False
