"""What is known of a machine whose runners were started there for this command."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from orchestrator.language.phrases import Sentence


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
