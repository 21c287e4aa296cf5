"""Finds or starts each framework's runner, and stops those that it started."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator.errors import (
    BadInput,
    OrchestratorError,
    RunnerUnavailable,
    TooSlow,
    WrongRunner,
)
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import OF
from orchestrator.runners import local
from orchestrator.runners.client import Client
from orchestrator.runners.listener import Listener, listener, of_process
from orchestrator.settings.config import Places
from orchestrator.settings.trust import Trust
from orchestrator.trials.sides import framework_of, version_of

_TAKEN = Phrase("{framework}: the runner at {address}")
_TAKEN_OF = Phrase("{framework}: the runner at {address}, of the user {owner}")
_TAKEN_PROCESS = Phrase("{framework}: the runner at {address}, process {pid} of the user {owner}")
_FOUND = Phrase(
    "{runner}; it was found there, and not started by this command: --local starts one of your own"
)
_SLOW = Phrase("{address} does not answer within {seconds:g} s; something listens there")
_STARTED = Phrase("{framework}: a local runner, started for this command")
_PASSED_OVER = Phrase("{framework}: skipped: {why}")
_WAITING = Phrase(
    "{framework}: waiting for the local runner that another command starts or ends, at most "
    "{seconds:g} s"
)
_IN_THE_WAY = Phrase(
    "Another {framework} runner holds {state_dir} and cannot be used. End it (its "
    "process number is in the file lock there), or set XDG_STATE_HOME to start "
    "another one."
)
_ANOTHER_USERS = Phrase("{address}: this is the runner of another user, {owner}")
_PROBE_SECONDS = 10.0  # if nobody listens, this is known at once
_OWN_SECONDS = 20.0  # for a runner that is known to exist
_CLOSE_SECONDS = 5.0
_PAUSE_SECONDS = 0.05
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_ACTIVE = {job_pb2.JOB_STATE_PENDING, job_pb2.JOB_STATE_RUNNING}


class Runners:
    """Runners by name: a framework, or one version of it, ``pytorch-2.13.0``.

    Each is chosen in this order: a given address, the user's own local one, whatever listens at the
    default port, such as a container (of no version), and a new local process, which `close` ends
    unless another command uses it too; only own ones if the places are local. A runner that is
    still importing its framework is used; one whose import failed is not, unless it was given.
    """

    machines: Sequence[str] = ()  # that train each job together; none: one, which has no name

    def __init__(self, places: Places, tell: Callable[[str], None], lazy: bool = True) -> None:
        """``tell`` receives which runner is used; ``lazy`` as in `local.start`."""
        self.tell = tell
        self._places, self._lazy = places, lazy
        self._clients: dict[str, Client] = {}
        self._started: dict[str, local.LocalRunner] = {}
        self._leases: dict[str, local.Lease] = {}
        self._found: dict[str, Listener | None] = {}  # runners that were not started here
        self._exits = ExitStack()

    def close(self) -> None:
        """End the runners that were started and nobody else uses; return when they are gone."""
        ending = []
        for framework, runner in self._started.items():
            client = self._clients.get(framework)
            active = _has_active_jobs(client) if client else False
            if active or not self._leases[framework].alone():
                runner.leave()  # someone else's
                continue
            if active is None:  # it hangs
                runner.kill()
            runner.terminate()
            ending.append(runner)
        self._exits.close()
        for runner in ending:
            runner.wait()
        for lease in self._leases.values():
            lease.close()

    def prepare(self, frameworks: Sequence[str]) -> None:
        """Find or start them all, without waiting until those that were started listen."""
        for framework in frameworks:
            given = self._places.addresses.get(framework)
            client = self._given(framework, given) if given else self._find(framework)
            if client is not None:
                self._clients[framework] = client
                client.check_version()
                self._found[framework] = process = listener(client.address)
                taken = _taken(framework, client.address, process)
                if not given:
                    client.was_found()
                    if framework not in self._leases:  # nor of the user's state directory
                        taken = say(_FOUND, runner=taken)
                self.tell(taken)

    def get(self, framework: str) -> Client:
        """Return the client of the framework's runner. Raises RunnerUnavailable."""
        if framework not in self._clients and framework not in self._started:
            self.prepare([framework])
        if framework not in self._clients:
            runner = self._started[framework]
            client = self._connect(framework, runner.address(), own=True)
            self._clients[framework] = client
            runner.tell(client.ended)
            client.info()
        return self._clients[framework]

    def python(self, framework: str) -> Path | None:
        """Return the interpreter of the framework, if its runner is this user's own one here."""
        return self._places.python(framework) if framework in self._leases else None

    def process_id(self, framework: str) -> int | None:
        """Return the process id of a runner that was started here."""
        runner = self._started.get(framework)
        return runner.process.pid if runner else None

    def taken(self) -> dict[str, dict[str, object]]:
        """Return what is known about each runner so far, by framework, for runners.json."""
        mapping = {}
        for framework in {**self._found, **self._started}:
            client, pid = self._clients.get(framework), self.process_id(framework)
            who = self._found[framework] if pid is None else of_process(pid)
            known = asdict(who) if who else {}
            mapping[framework] = {
                "address": client and client.address,
                "host": _host(client.address) if client else None,
                "started_by_this_command": pid is not None,
                **{name: known.get(name) for name in ("owner", "pid", "started")},
            }
        return mapping

    def _connect(self, framework: str, address: str, *, own: bool = False) -> Client:
        trust = None if own else self._places.trust.get(framework_of(framework))
        client = Client(framework, address, trust=trust, own=own, tell=self.tell)
        return self._exits.enter_context(closing(client))

    def _given(self, framework: str, address: str) -> Client:
        client = self._connect(framework, address)
        client.info()
        return client

    def _find(self, framework: str) -> Client | None:
        """Find a runner; None: one was started. Raises RunnerUnavailable."""
        deadline = time.monotonic() + local.START_SECONDS
        messages: set[str] = set()

        def once(text: str) -> None:
            if text not in messages:
                messages.add(text)
                self.tell(text)

        while True:
            client = self._own(framework, once)
            client = client or _at_default_port(framework, self._places, once)
            if client is not None:
                return self._exits.enter_context(closing(client))
            if self._start(framework):
                return None
            if time.monotonic() > deadline:
                path = self._places.state_home / framework
                raise RunnerUnavailable(english(_IN_THE_WAY, framework=framework, state_dir=path))
            once(say(_WAITING, framework=framework, seconds=local.START_SECONDS))
            time.sleep(_PAUSE_SECONDS)

    def _own(self, framework: str, tell: Callable[[str], None]) -> Client | None:
        """Return a client of the user's own local runner, now with a lease.

        None: there is no usable one; a runner that is starting or ending is not usable.
        """
        if local.announced(framework, self._places) is None:
            return None
        lease = local.lease(framework, self._places)
        if lease is None:
            return None
        address = local.announced(framework, self._places)  # as long as the lease is held
        if address is not None and local.holder(framework, self._places) is not None:
            client = _usable(framework, address, _OWN_SECONDS, tell, own=True)
            if client is not None:
                self._leases[framework] = lease
                return client
        lease.close()
        return None

    def _start(self, framework: str) -> bool:
        """Start a runner and return whether one was started: not if one starts or ends already."""
        lease = local.lease(framework, self._places)
        if lease is None:
            return False
        try:
            runner = local.start(framework, self._places, self._lazy)
        except RunnerUnavailable:
            lease.close()
            raise
        if runner is None:
            lease.close()
            return False
        self._started[framework], self._leases[framework] = runner, lease
        self.tell(say(_STARTED, framework=framework))
        return True


def answering(
    framework: str, places: Places, tell: Callable[[str], None] = lambda _: None
) -> Client | None:
    """Return a client of the framework's runner that answers now, or None. Starts none.

    It looks at the given address, else where the user's own runner listens, else at the default
    port. ``tell`` receives which one is skipped, and why. The caller closes the client.
    """
    if given := places.addresses.get(framework):
        trust = places.trust.get(framework_of(framework))
        return _usable(framework, given, _PROBE_SECONDS, tell, trust=trust)
    announced = local.announced(framework, places)
    own = announced and _usable(framework, announced, _PROBE_SECONDS, tell, own=True)
    return own or _at_default_port(framework, places, tell)


def _at_default_port(framework: str, places: Places, tell: Callable[[str], None]) -> Client | None:
    if places.local or version_of(framework):
        return None
    address, trust = f"127.0.0.1:{FRAMEWORKS[framework].port}", places.trust.get(framework)
    return _usable(framework, address, _PROBE_SECONDS, tell, trust=trust)


def _usable(
    framework: str,
    address: str,
    seconds: float,
    tell: Callable[[str], None],
    *,
    trust: Trust | None = None,
    own: bool = False,
) -> Client | None:
    """Return a client of the runner at the address, if it answers in time and is usable.

    ``own``: it must belong to this user.
    """
    who = listener(address) if own else None
    if who is not None and who.user_id != os.geteuid():
        why = english(_ANOTHER_USERS, address=address, owner=who.owner)
        tell(say(_PASSED_OVER, framework=framework, why=why))
        return None
    client = Client(framework, address, trust=trust, tell=tell)
    try:
        info = client.info(seconds)
        client.check_version(info)
        if not info.HasField("import_error"):
            return client
        why = english(OF, name=address, what=info.import_error.message)
        tell(say(_PASSED_OVER, framework=framework, why=why))
    except (WrongRunner, BadInput) as error:  # or refused by TLS, or by who calls
        tell(say(_PASSED_OVER, framework=framework, why=error.message))
    except TooSlow:
        why = english(_SLOW, address=address, seconds=seconds)
        tell(say(_PASSED_OVER, framework=framework, why=why))
    except RunnerUnavailable:
        pass
    client.close()
    return None


def _taken(framework: str, address: str, found: Listener | None) -> str:
    names = {"framework": framework, "address": address}
    if found is None:
        return say(_TAKEN, **names)
    if found.pid is None:
        return say(_TAKEN_OF, **names, owner=found.owner)
    return say(_TAKEN_PROCESS, **names, owner=found.owner, pid=found.pid)


def _host(address: str) -> str:
    """Return the name of the machine at HOST:PORT."""
    host = address.rpartition(":")[0].strip("[]")
    return platform.node() if host in LOOPBACK else host


def _has_active_jobs(client: Client) -> bool | None:
    """Return whether it has active jobs. None: it does not answer."""
    client.limit(_CLOSE_SECONDS)
    try:
        return any(job.state in _ACTIVE for job in client.jobs())
    except OrchestratorError:
        return None
