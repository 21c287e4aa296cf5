"""Where one block runs at a time, and what is known of runners that were started there."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from orchestrator.language.phrases import Sentence

_GPU = "#"  # which no name of a machine has


class Exclusive(StrEnum):
    """What a block has to itself."""

    MACHINE = "machine"
    GPU = "gpu"


def place(machine: str, gpu: str | None) -> str:
    """Return the name of where one block runs at a time: a machine, or a GPU of one."""
    return machine if gpu is None else f"{machine}{_GPU}{gpu}"


def parted(place: str) -> tuple[str, str | None]:
    """Return the machine of a place, and its GPU if the place is one."""
    machine, sign, gpu = place.partition(_GPU)
    return machine, gpu if sign else None


@dataclass(frozen=True, slots=True)
class Condition:
    """What disturbed a block, or might have.

    ``engine_cores``: CPUs that the processes of what started the runners used while it ran; None:
    not known. ``niceness``: of the runners. ``machine``: what names of one machine have in common.
    """

    engine_cores: float | None
    niceness: int
    machine: str


class Keeper(Protocol):
    """Watches over a machine's runners."""

    def on_end(self, ended: Callable[[Sentence], None]) -> None:
        """Call ``ended`` from another thread once they are gone for good; at once if they are."""

    def begin(self) -> None:
        """Begin to measure; a block begins."""

    def condition(self) -> Condition:
        """Return what was so since `begin`."""
