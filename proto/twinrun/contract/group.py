"""The machines that train one job together."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from twinrun.contract.ranges import between
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation

MOST_MACHINES = 64


@dataclass(frozen=True, slots=True)
class Group:
    """The ``addresses`` HOST:PORT at which machines meet, and the ``place`` of this one among them.

    Each has as many of the job's devices; the first machine has the first ones.
    """

    addresses: tuple[str, ...] = ("",)
    place: int = 0

    @property
    def machines(self) -> int:
        """How many there are; 1: a job is this machine's alone."""
        return len(self.addresses)

    @property
    def meeting(self) -> tuple[str, int]:
        """The host and port of the first machine."""
        return _parted(self.addresses[0])

    @property
    def host(self) -> str:
        """The host by which the others reach this machine."""
        return _parted(self.addresses[self.place])[0]

    def own(self, spec: JobSpec) -> JobSpec:
        """Return the job as if this machine's devices were all."""
        return dataclasses.replace(spec, devices=spec.devices // self.machines)

    def first(self, spec: JobSpec) -> int:
        """Return the number of this machine's first device among the job's."""
        return self.place * self.own(spec).devices

    def in_words(self, spec: JobSpec) -> str:
        """Return what the job's devices are."""
        own = self.own(spec).devices
        of_one = f"{own} device{'s' * (own != 1)}"
        return of_one if self.machines == 1 else f"{self.machines} machines x {of_one}"


ALONE = Group()


def group_violations(group: Group, spec: JobSpec) -> Iterator[Violation]:
    """Yield what is wrong with a group, or with a job for it."""
    count = group.machines
    if out_of_range := list(between("len(group.addresses)", count, 2, MOST_MACHINES)):
        yield from out_of_range
        return
    yield from between("group.place", group.place, 0, count - 1)
    for number, address in enumerate(group.addresses):
        host, port = _parted(address)
        if not host or not 0 < port < 2**16:
            yield Violation(f"group.addresses[{number}]", f"is {address[:80]!r}; give HOST:PORT")
    if spec.devices % count:
        what = f"is {spec.devices}, and {count} machines train the job, each with as many devices"
        yield Violation("devices", f"{what}; take a multiple of {count}")


def _parted(address: str) -> tuple[str, int]:
    """Return host and port; 0: it has none."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port) if port.isdecimal() else 0
