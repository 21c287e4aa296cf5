"""Machines of a cluster by Ray: on each node, runners that are started for this command."""

import itertools
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.actions.access import authority
from orchestrator.errors import RunnerUnavailable
from orchestrator.frameworks import environment_of
from orchestrator.language.phrases import Phrase, english
from orchestrator.runners.apart import start
from orchestrator.runners.cluster.ray.node import ENVIRONMENTS, network_id
from orchestrator.runners.cluster.ray.session import Kept, Session, fault
from orchestrator.settings import trust
from orchestrator.settings.config import Places
from orchestrator.settings.hosts import CLUSTER, OVER, Host
from orchestrator.settings.keeping import Exclusive, place
from orchestrator.settings.trust import Trust
from orchestrator.trials.sides import framework_of

RAY, SCHEME = "ray", "ray://"
_AUTO = "auto"  # Ray's own word for RAY, which RAY_ADDRESS may have
_NO_NODES = Phrase("{cluster}: no node of the cluster has CPUs, or Ray's resource 'twinrun'.")
_NO_GPUS = Phrase(
    "{cluster}: no node of the cluster has a GPU that Ray knows of, as --exclusive gpu "
    "needs it; see 'ray status', and 'ray start --num-gpus'."
)
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:/\\\s\[\]]+):[0-9]{1,5}")
_LOOPBACK = "127.0.0.1"
_DAYS = 30  # that certificates of a command are valid
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]")
_MOST_LETTERS = 50


Come = Callable[[Host], None]


def names_ray(text: str) -> bool:
    """Return whether ``--cluster`` names a cluster of Ray, and no file."""
    is_address = bool(_ADDRESS.fullmatch(text)) and not Path(text).exists()
    return text == RAY or text.startswith(SCHEME) or is_address


@dataclass(frozen=True, slots=True)
class RayCluster:
    """The cluster at ``address``: HOST:PORT of its head, ray://HOST:PORT; ray: the one here.

    ``exclusive``: a node is a machine; for GPUs each of its GPUs is a place of its own there.
    ``flag``: what names it; by ``--over`` its nodes train each job together.
    """

    address: str
    exclusive: Exclusive = Exclusive.MACHINE
    flag: str = CLUSTER

    @property
    def text(self) -> str:
        return self._resolved

    @contextmanager
    def opened(
        self, runners: Sequence[str], tell: Callable[[str], None], come: Come | None = None
    ) -> Iterator[Sequence[Host]]:
        """Start runners on each node, and end them. Raises BadInput, RunnerUnavailable."""
        address = _AUTO if self._resolved == RAY else self._resolved
        shown = f"{self.flag} {self.address}"
        by_gpu = self.exclusive is Exclusive.GPU
        with (
            tempfile.TemporaryDirectory(prefix="twinrun-ray-") as folder,
            closing(Session(address, shown, tell, by_gpu=by_gpu)) as session,
        ):
            nodes = session.nodes()
            if not nodes:
                raise RunnerUnavailable(english(_NO_GPUS if by_gpu else _NO_NODES, cluster=shown))
            starting = _Starting(session, runners, Path(folder), together=self.flag == OVER)
            found = starting.hosts(nodes)
            if self.flag == OVER:  # which of them is the first must not change
                found.sort(key=lambda host: host.name)
            if come is not None:
                start(partial(starting.later, come))
            yield found

    @property
    def _resolved(self) -> str:
        if self.address != RAY:
            return self.address
        address = os.environ.get("RAY_ADDRESS")
        return RAY if address in (None, "", _AUTO) else address


@dataclass(frozen=True, slots=True)
class _Secured:
    """TLS of one command: the runners' ``files`` by option, and what this end trusts."""

    files: Mapping[str, str]
    trust: Trust


def _secured(folder: Path, nodes: Sequence[Mapping[str, Any]]) -> _Secured:
    hosts = sorted({each["address"] for each in nodes})
    authority.new(folder, hosts, "twinrun-ray", _DAYS)
    (folder / authority.CA_KEY).unlink()  # nobody else gets a certificate
    files = {
        "tls-cert": authority.RUNNER,
        "tls-key": authority.RUNNER_KEY,
        "tls-client-ca": trust.CA,
    }
    contents = {flag: (folder / name).read_text() for flag, name in files.items()}
    return _Secured(contents, trust.read(folder))


class _Starting:
    """Starts ``runners`` on nodes; ``folder``: for what makes their connections safe.

    ``together``: they train jobs with each other, so each is where the others reach it.
    """

    def __init__(
        self, session: Session, runners: Sequence[str], folder: Path, *, together: bool = False
    ) -> None:
        self._session, self._runners, self._folder = session, runners, folder
        self._together = together
        self._times = itertools.count(1)
        self._names = dict[str, str]()  # of nodes, by their ids
        self._kept = dict[str, list[Kept]]()  # by the name of a node

    def later(self, come: Come) -> None:
        """Start them on the nodes that come later, until the session ends."""
        with suppress(RunnerUnavailable):  # it has ended, and that is told elsewhere
            for each in self._session.joined():
                for host in self.hosts([each]):
                    come(host)

    def hosts(self, nodes: Sequence[Mapping[str, Any]]) -> list[Host]:
        """Start them on these. Raises RunnerUnavailable if Ray is lost."""
        sound = [each for each in nodes if "fault" not in each]
        far = [each for each in sound if each["network"] != network_id()]
        if far and self._together:
            far = sound
        secured = _secured(self._folder / f"tls-{next(self._times)}", far) if far else None
        orders = {
            each["id"]: {
                "runners": list(map(_order, self._runners)),
                "environments": os.environ.get(ENVIRONMENTS) or str(Places().environments),
                "host": _host_of(each) if each in far else _LOOPBACK,
                "files": secured.files if secured and each in far else {},
                "together": self._together,
            }
            for each in sound
        }
        started = self._session.start(orders)
        taken = {name for name, several in self._kept.items() if not _are_gone(several)}
        new = [each for each in nodes if each["node"] not in self._names]
        self._names |= _names(new, taken)
        trusted = {each["id"]: secured.trust for each in far} if secured else {}
        return [self._host(each, started, trusted.get(each["id"])) for each in nodes]

    def _host(
        self,
        node: Mapping[str, Any],
        started: Mapping[str, Mapping[str, Any]],
        trusted: Trust | None,
    ) -> Host:
        name, part = self._names[node["node"]], node["id"].partition("-")[2]
        gpu = None
        if part:  # of an actor that has not answered nobody knows which one it has
            gpu = _NOT_IN_A_NAME.sub("_", node["gpu"]) if node.get("gpu") else f"?{part}"
        found = started.get(node["id"], node)
        if "fault" in found:
            return Host(place(name, gpu), Places(), fault=fault(found))
        keeper = self._session.keep(node["id"])
        keeper.machine, keeper.niceness = node["machine"], found["niceness"]
        self._kept.setdefault(name, []).append(keeper)
        addresses = found["addresses"]
        given = {} if trusted is None else dict.fromkeys(map(framework_of, addresses), trusted)
        return Host(place(name, gpu), Places(addresses, trust=given), keeper)


def _are_gone(several: Sequence[Kept]) -> bool:
    return all(each.gone is not None for each in several)


def _order(runner: str) -> dict[str, str]:
    return {
        "name": runner,
        "framework": framework_of(runner),
        "environment": environment_of(runner),
    }


def _host_of(node: Mapping[str, Any]) -> str:
    address: str = node["address"]
    return f"[{address}]" if ":" in address else address


def _names(nodes: Sequence[Mapping[str, Any]], taken: Collection[str] = ()) -> dict[str, str]:
    """Return a name for each node, by id: the same for a command that goes on.

    The name that the node was given, else its host's; with a part of its id where several nodes
    have that, or it is ``taken``.
    """
    given = {
        each["node"]: _NOT_IN_A_NAME.sub(
            "_", each["host"] if each["name"] in ("", each["address"]) else each["name"]
        ).lstrip("._-")[:_MOST_LETTERS]
        for each in nodes
    }
    times = Counter([*given.values(), *taken])
    return {
        key: name if name and times[name] == 1 else f"{name}-{key[:8]}".lstrip("-")
        for key, name in given.items()
    }
