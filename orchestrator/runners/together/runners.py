"""The runners of several machines, each kind of them as one."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english, join, say
from orchestrator.language.words import COMMA, LINES, OF
from orchestrator.runners.client import Client
from orchestrator.runners.cluster.alike import differences, facts
from orchestrator.runners.finding import LOOPBACK, Runners
from orchestrator.runners.together.client import Together
from orchestrator.settings.hosts import Host
from orchestrator.trials.sides import framework_of

_UNLIKE = Phrase(
    "The machines of --over are not alike, so one would wait for the other and their numbers might "
    "differ:\n{what}\nName machines of one kind."
)
_LOOPS = Phrase(
    "--over: the address of {machines} is of the loopback, where the other machines cannot reach "
    "it; give an address of the machine's own."
)


class RunnersTogether(Runners):
    """Runners by name, each of which stands for those of all ``hosts``, two or more.

    Every host has an address of each.
    The first host is where all is done that is no part of a job.
    """

    def __init__(self, hosts: Sequence[Host], tell: Callable[[str], None]) -> None:
        self._hosts, self.machines = hosts, [host.name for host in hosts]
        self._rest = ExitStack()
        self._others = {
            host.name: self._rest.enter_context(
                closing(Runners(host.places, partial(_tell, tell, host.name)))
            )
            for host in hosts[1:]
        }
        super().__init__(hosts[0].places, partial(_tell, tell, hosts[0].name))

    def close(self) -> None:
        super().close()
        self._rest.close()

    def prepare(self, frameworks: Sequence[str]) -> None:
        """Reach them all. Raises BadInput if one is not named, or if the machines are not alike."""
        for framework in frameworks:
            self._check(framework)
        for each in self._others.values():
            each.prepare(frameworks)
        super().prepare(frameworks)
        found = {host.name: dict[str, str]() for host in self._hosts}
        for framework in frameworks:
            for machine, client in self._clients_of(framework).items():
                known = {**facts(client.environment()), "build": client.info().build_sha256}
                found[machine] |= {f"{framework}: {fact}": value for fact, value in known.items()}
        if unlike := differences(found):
            raise BadInput(english(_UNLIKE, what=join(LINES, unlike)))

    def taken(self) -> dict[str, dict[str, object]]:
        """Return as `Runners.taken`, with the addresses of all machines."""
        found = super().taken()
        for framework, mapping in found.items():
            mapping["machines"] = {
                machine: client.address for machine, client in self._clients_of(framework).items()
            }
        return found

    def _connect(self, framework: str, address: str, *, own: bool = False) -> Client:
        del own  # each has been given
        client = Together(
            *(framework, address),
            machine=self._hosts[0].name,
            others={machine: each.get(framework) for machine, each in self._others.items()},
            trust=self._places.trust.get(framework_of(framework)),
            tell=self.tell,
        )
        return self._exits.enter_context(closing(client))

    def _clients_of(self, framework: str) -> dict[str, Client]:
        others = {machine: each.get(framework) for machine, each in self._others.items()}
        return {self._hosts[0].name: self.get(framework), **others}

    def _check(self, framework: str) -> None:
        by_machine = {host.name: host.addresses[framework] for host in self._hosts}
        looping = [
            name
            for name, address in by_machine.items()
            if address.rpartition(":")[0].strip("[]") in LOOPBACK
        ]
        if 0 < len(looping) < len(by_machine):
            raise BadInput(english(_LOOPS, machines=join(COMMA, looping)))


def _tell(tell: Callable[[str], None], machine: str, text: str) -> None:
    tell(say(OF, name=machine, what=text))
