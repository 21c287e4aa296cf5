"""Where the machines of ``--cluster`` come from: a file that names them, or Ray.

Runners of a file run already. Those by Ray are started when a source is opened, and end with it.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.actions.cluster.by_ray import RayCluster, names_ray
from orchestrator.runners.progress import Display
from orchestrator.settings import hosts
from orchestrator.settings.hosts import Host


class Source(Protocol):
    """Machines, each with runners."""

    @property
    def text(self) -> str:
        """What names this source again, for a command that goes on from another folder."""

    def opened(
        self, runners: Sequence[str], display: Display
    ) -> AbstractContextManager[Sequence[Host]]:
        """Yield the machines, each with an address of all ``runners``, by name.

        Raises BadInput, and RunnerUnavailable if there is no machine.
        """


@dataclass(frozen=True, slots=True)
class HostsFile:
    """Machines with runners that run already."""

    file: Path

    @property
    def text(self) -> str:
        return str(self.file.absolute())

    @contextmanager
    def opened(self, runners: Sequence[str], display: Display) -> Iterator[Sequence[Host]]:
        del display
        yield hosts.read(self.file, runners)


def source(text: str) -> Source:
    """Return what ``--cluster`` names."""
    return RayCluster(text) if names_ray(text) else HostsFile(Path(text))
