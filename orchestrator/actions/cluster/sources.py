"""Where the machines of ``--cluster`` and ``--over`` come from: a file that names them, or Ray.

Runners of a file run already. Those by Ray are started when a source is opened, and end with it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from twinrun.v1 import job_pb2

from orchestrator.actions.cluster.by_ray import Come, RayCluster, names_ray
from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english
from orchestrator.settings import hosts
from orchestrator.settings.hosts import CLUSTER, OVER, Host
from orchestrator.settings.keeping import Exclusive

_BY_RAY = Phrase(
    "--exclusive gpu needs a cluster of Ray, which gives each GPU of a machine to runners of its "
    "own; {file} names machines, each of which runs one block at a time. Name a cluster, such as "
    "--cluster ray, or leave out --exclusive."
)
_NO_CLUSTER = Phrase("--exclusive gpu is of --cluster: name a cluster of Ray, or leave it out.")
_UNKNOWN = Phrase("--exclusive is {value!r}; choose from {known}.")
_NOT_ON_GPUS = Phrase(
    "--exclusive gpu is for jobs on a GPU: on the CPU, blocks would share a machine for nothing. "
    "Add --device cuda, or leave out --exclusive."
)


class Source(Protocol):
    """Machines, each with runners. ``exclusive``: what a block has to itself."""

    @property
    def exclusive(self) -> Exclusive: ...

    @property
    def text(self) -> str:
        """What names this source again, for a command that goes on from another folder."""

    def opened(
        self, runners: Sequence[str], tell: Callable[[str], None], come: Come | None = None
    ) -> AbstractContextManager[Sequence[Host]]:
        """Yield the machines, each with an address of all ``runners``, by name.

        ``come`` receives each machine that comes later, from another thread; without it nobody
        else comes. Raises BadInput, and RunnerUnavailable if there is no machine.
        """


@dataclass(frozen=True, slots=True)
class HostsFile:
    """Machines with runners that run already; ``flag``: what names the ``file``."""

    file: Path
    flag: str = CLUSTER

    @property
    def text(self) -> str:
        return str(self.file.absolute())

    @property
    def exclusive(self) -> Exclusive:
        return Exclusive.MACHINE

    @contextmanager
    def opened(
        self, runners: Sequence[str], tell: Callable[[str], None], come: Come | None = None
    ) -> Iterator[Sequence[Host]]:
        del tell, come  # nobody comes later: `resume` takes another file
        yield hosts.read(self.file, runners, self.flag)


def source(text: str, exclusive: Exclusive = Exclusive.MACHINE) -> Source:
    """Return what ``--cluster`` names. Raises BadInput."""
    if names_ray(text):
        return RayCluster(text, exclusive)
    if exclusive is Exclusive.GPU:
        raise BadInput(english(_BY_RAY, file=text))
    return HostsFile(Path(text))


def named_over(over: str | Path | None) -> Source | None:
    """Return what ``--over`` names: the machines that train each job together. None: none."""
    if over is None:
        return None
    text = str(over)
    return RayCluster(text, flag=OVER) if names_ray(text) else HostsFile(Path(text), OVER)


def asked(cluster: str | None, exclusive: str) -> Source | None:
    """Return what ``--cluster`` and ``--exclusive`` name. None: this machine. Raises BadInput."""
    if exclusive not in [*Exclusive]:
        raise BadInput(english(_UNKNOWN, value=exclusive, known=", ".join(Exclusive)))
    if cluster is not None:
        return source(cluster, Exclusive(exclusive))
    if exclusive == Exclusive.GPU:
        raise BadInput(english(_NO_CLUSTER))
    return None


def check_exclusive(source: Source, jobs: Iterable[job_pb2.JobSpec]) -> None:
    """Refuse a GPU for each block where none is used; ``jobs``: of all sides. Raises BadInput."""
    if source.exclusive is Exclusive.GPU and any(j.device != job_pb2.DEVICE_CUDA for j in jobs):
        raise BadInput(english(_NOT_ON_GPUS))
