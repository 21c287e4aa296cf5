"""Machines of a cluster by Ray: on each node, runners that are started for this command."""

import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.actions.access import authority
from orchestrator.errors import RunnerUnavailable
from orchestrator.frameworks import environment_of
from orchestrator.language.phrases import Phrase, english
from orchestrator.runners.cluster.ray.node import ENVIRONMENTS, network_id
from orchestrator.runners.cluster.ray.session import Session, fault
from orchestrator.runners.progress import Display
from orchestrator.settings import trust
from orchestrator.settings.config import Places
from orchestrator.settings.hosts import Host
from orchestrator.settings.trust import Trust
from orchestrator.trials.sides import framework_of

RAY, SCHEME = "ray", "ray://"
_AUTO = "auto"  # Ray's own word for RAY, which RAY_ADDRESS may have
_NO_NODES = Phrase(
    "--cluster {address}: no node of the cluster has CPUs, or Ray's resource 'twinrun'."
)
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:/\\\s\[\]]+):[0-9]{1,5}")
_LOOPBACK = "127.0.0.1"
_DAYS = 30  # that certificates of a command are valid
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]")
_MOST_LETTERS = 50


def names_ray(text: str) -> bool:
    """Return whether ``--cluster`` names a cluster of Ray, and no file."""
    is_address = bool(_ADDRESS.fullmatch(text)) and not Path(text).exists()
    return text == RAY or text.startswith(SCHEME) or is_address


@dataclass(frozen=True, slots=True)
class RayCluster:
    """The cluster at ``address``: HOST:PORT of its head, ray://HOST:PORT; ray: the one here."""

    address: str

    @property
    def text(self) -> str:
        return self._resolved

    @contextmanager
    def opened(self, runners: Sequence[str], display: Display) -> Iterator[Sequence[Host]]:
        """Start runners on each node, and end them. Raises BadInput, RunnerUnavailable."""
        address = _AUTO if self._resolved == RAY else self._resolved
        with (
            tempfile.TemporaryDirectory(prefix="twinrun-ray-") as folder,
            closing(Session(address, self.address, display.say)) as session,
        ):
            nodes = session.nodes()
            if not nodes:
                raise RunnerUnavailable(english(_NO_NODES, address=self.address))
            sound = [each for each in nodes if "fault" not in each]
            far = [each for each in sound if each["network"] != network_id()]
            secured = _secured(Path(folder) / "tls", far) if far else None
            orders = {
                each["id"]: {
                    "runners": list(map(_order, runners)),
                    "environments": os.environ.get(ENVIRONMENTS) or str(Places().environments),
                    "host": _host_of(each) if each in far else _LOOPBACK,
                    "files": secured.files if secured and each in far else {},
                }
                for each in sound
            }
            started = session.start(orders)
            trusted = {each["id"]: secured.trust for each in far} if secured else {}
            names = _names(nodes)
            yield [
                _host(session, names[each["id"]], each, started, trusted.get(each["id"]))
                for each in nodes
            ]

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


def _host(
    session: Session,
    name: str,
    node: Mapping[str, Any],
    started: Mapping[str, Mapping[str, Any]],
    trusted: Trust | None,
) -> Host:
    found = started.get(node["id"], node)
    if "fault" in found:
        return Host(name, Places(), fault=fault(found))
    keeper = session.keep(node["id"])
    keeper.machine, keeper.niceness = node["machine"], found["niceness"]
    addresses = found["addresses"]
    given = {} if trusted is None else dict.fromkeys(map(framework_of, addresses), trusted)
    return Host(name, Places(addresses, trust=given), keeper)


def _order(runner: str) -> dict[str, str]:
    return {
        "name": runner,
        "framework": framework_of(runner),
        "environment": environment_of(runner),
    }


def _host_of(node: Mapping[str, Any]) -> str:
    address: str = node["address"]
    return f"[{address}]" if ":" in address else address


def _names(nodes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return a name for each node, by id: the same for a command that goes on.

    The name that the node was given, else its host's; with a part of its id where several nodes
    have that.
    """
    given = {
        each["id"]: _NOT_IN_A_NAME.sub(
            "_", each["host"] if each["name"] in ("", each["address"]) else each["name"]
        ).lstrip("._-")[:_MOST_LETTERS]
        for each in nodes
    }
    times = Counter(given.values())
    return {
        key: name if name and times[name] == 1 else f"{name}-{key[:8]}".lstrip("-")
        for key, name in given.items()
    }
