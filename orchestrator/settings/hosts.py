"""The file of ``--cluster`` and ``--over``: machines with runners that run already.

::

    tls = "certs"                      # for hosts without their own; as for --tls

    [hosts.first]                      # a name for the machine
    pytorch = "first:50051"
    tensorflow = "first:50052"

    [hosts.second]
    pytorch = "second:50051"
    tensorflow = "second:50052"
    tls = "certs-of-second"

Paths are relative to the file.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import BadInput
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA, LINES
from orchestrator.settings import config, trust
from orchestrator.settings.config import Places
from orchestrator.settings.keeping import Keeper, parted
from orchestrator.trials.sides import framework_of

_NOT_READ = Phrase("{flag}: {file} cannot be read: {error}")
_FAULTS = Phrase("{flag}: {file} names no machines that can be used:\n{faults}")
_NO_HOSTS = Phrase("it has no table such as [hosts.first], with the addresses of its runners")
_NO_KEY = Phrase("{where}: there is no {key!r}; choose from {known}")
_TOKEN = Phrase(
    "{where}: a token does not belong here, where it is easily shared: write it into the file "
    "'token' of the folder that tls names"
)
_NO_NAME = Phrase(
    "[hosts.{name}]: a name has letters, digits, dots, dashes and underscores, and 60 at most"
)
_NOT_A_TABLE = Phrase("hosts.{name} is {value!r}, and no table with addresses")
_NO_TEXT = Phrase("{where}: {key} is {value!r}, and no text")
_NO_ADDRESS = Phrase("{where}: {key} is {value!r}; write HOST:PORT")
_MISSING = Phrase("{where}: there is no address of {runner}, which this comparison needs")
_TWICE = Phrase(
    "{address} is given for {where}: a block is alone on its machine, so each runner belongs to "
    "one side of one machine"
)
_FILE = Phrase("the file")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,59}")
CLUSTER, OVER = "--cluster", "--over"
_HOSTS, _TLS = "hosts", "tls"


@dataclass(frozen=True, slots=True)
class Host:
    """A machine, or a GPU of one, by its ``name``, and where its runners are.

    ``keeper``: who started them for this command; ``fault``: why they could not be started.
    """

    name: str
    places: Places
    keeper: Keeper | None = None
    fault: Sentence | None = None

    @property
    def machine(self) -> str:
        """The machine that it is, or is of."""
        return parted(self.name)[0]

    @property
    def addresses(self) -> dict[str, str]:
        """Its addresses, by name of the runner."""
        return {name: address for name, address in self.places.addresses.items() if address}


def read(file: Path, runners: Sequence[str], flag: str = CLUSTER) -> list[Host]:
    """Read the machines, each with addresses of all ``runners``. ``flag``: what names the file.

    Raises BadInput, which names everything that is wrong in the file.
    """
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(
            english(_NOT_READ, flag=flag, file=file, error=error.strerror or error)
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(english(_NOT_READ, flag=flag, file=file, error=error)) from error
    reading = _Reading(file.absolute().parent, runners)
    hosts = reading.hosts(found)
    if reading.faults:
        faults = join(LINES, reading.faults)
        raise BadInput(english(_FAULTS, flag=flag, file=file, faults=faults))
    return hosts


class _Reading:
    """Reads the file's mapping; ``faults``: all that is wrong with it."""

    def __init__(self, folder: Path, runners: Sequence[str]) -> None:
        self.faults = list[Sentence]()
        self._folder, self._runners = folder, runners
        self._trusted: dict[str, trust.Trust | None] = {}

    def hosts(self, found: Mapping[str, object]) -> list[Host]:
        """Return the hosts that are sound."""
        common = self._tls(english(_FILE), found)
        for key in found.keys() - {_HOSTS, _TLS}:
            self._unknown(english(_FILE), key, [_TLS, "[hosts.NAME]"])
        tables = found.get(_HOSTS)
        if not isinstance(tables, dict) or not tables:
            self._fault(_NO_HOSTS)
            return []
        hosts = [self._host(name, table, common) for name, table in tables.items()]
        self._check_addresses([host for host in hosts if host is not None])
        return [host for host in hosts if host is not None]

    def _host(self, name: str, table: object, common: trust.Trust | None) -> Host | None:
        where = f"[hosts.{name}]"
        if not _NAME.fullmatch(name):
            self._fault(_NO_NAME, name=name)
        if not isinstance(table, dict):
            self._fault(_NOT_A_TABLE, name=name, value=table)
            return None
        own = self._tls(where, table) or common
        addresses = dict[str, str | None]()
        for key, value in table.items():
            if key == _TLS:
                continue
            if framework_of(key) not in map(framework_of, self._known):
                self._unknown(where, key, [*self._known, _TLS])
            elif self._is_address(where, key, value):
                addresses[key] = value
        for runner in self._runners:
            if runner not in table:
                self._fault(_MISSING, where=where, runner=runner)
        given = {} if own is None else dict.fromkeys(map(framework_of, addresses), own)
        return Host(name, Places(addresses, trust=given))

    @property
    def _known(self) -> list[str]:
        return list(dict.fromkeys([*self._runners, *FRAMEWORKS]))

    def _unknown(self, where: str, key: str, known: Sequence[str]) -> None:
        if key == "token":
            self._fault(_TOKEN, where=where)
        else:
            self._fault(_NO_KEY, where=where, key=key, known=", ".join(known))

    def _is_address(self, where: str, key: str, value: object) -> bool:
        try:
            config.runner(f"{key}={value if isinstance(value, str) else ''}")
        except BadInput:
            self._fault(_NO_ADDRESS, where=where, key=key, value=value)
            return False
        return True

    def _tls(self, where: str, table: Mapping[str, object]) -> trust.Trust | None:
        folder = table.get(_TLS)
        if folder is None:
            return None
        if not isinstance(folder, str):
            self._fault(_NO_TEXT, where=where, key=_TLS, value=folder)
            return None
        if folder not in self._trusted:
            self._trusted[folder] = None
            try:
                self._trusted[folder] = trust.read(self._folder / folder)
            except BadInput as error:
                self.faults.append(error.message)
        return self._trusted[folder]

    def _check_addresses(self, hosts: Sequence[Host]) -> None:
        users: dict[str, list[str]] = {}
        for host in hosts:
            for key, address in host.addresses.items():
                users.setdefault(address, []).append(f"[hosts.{host.name}] {key}")
        for address, several in users.items():
            if len(several) > 1:
                self._fault(_TWICE, address=address, where=join(COMMA, several))

    def _fault(self, phrase: Phrase, **values: object) -> None:
        self.faults.append(english(phrase, **values))
