"""Jobs that several machines train together: who they are, and what a command may ask."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from twinrun.v1 import job_pb2

from orchestrator.actions.cluster.sources import Source
from orchestrator.errors import BadInput, RunnerUnavailable
from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import COMMA, LINES, OF
from orchestrator.runners.finding import Runners
from orchestrator.runners.together.runners import RunnersTogether
from orchestrator.settings.config import Places
from orchestrator.trials.sides import Side

_ONE = Phrase("--over: {source} is one machine, and several train a job together; add another.")
_ONE_DEVICE = Phrase(
    "--over shares a job among the devices of several machines, and no side has more than one "
    "device; give --devices, a multiple of the number of machines."
)
_NOT_TOGETHER = Phrase(
    "--over says where the runners are, and takes all machines for each trial; leave out {flags}."
)


def check(
    flags: Mapping[str, bool], sides: Sequence[Side], specs: Iterable[job_pb2.JobSpec]
) -> None:
    """Refuse what cannot be asked together with ``--over``; ``flags``: whether each is given.

    Raises BadInput.
    """
    if given := [flag for flag, is_given in flags.items() if is_given]:
        raise BadInput(english(_NOT_TOGETHER, flags=join(COMMA, given)))
    if all(side.spec(spec).devices <= 1 for spec in specs for side in sides):
        raise BadInput(english(_ONE_DEVICE))


@contextmanager
def runners(
    over: Source | None,
    names: Sequence[str],
    places: Places,
    tell: Callable[[str], None],
    *,
    lazy: bool = True,
) -> Iterator[Runners]:
    """Yield the runners at ``places``, or those of all machines of ``over`` together.

    ``names``: of those that are needed. What is started here ends with it. Raises BadInput, and
    RunnerUnavailable if a machine has none.
    """
    if over is None:
        with closing(Runners(places, tell, lazy)) as alone:
            yield alone
        return
    with over.opened(names, tell) as found:
        if faults := [english(OF, name=host.name, what=host.fault) for host in found if host.fault]:
            raise RunnerUnavailable(join(LINES, faults))
        if len(found) < 2:
            raise BadInput(english(_ONE, source=over.text))
        with closing(RunnersTogether(found, tell)) as together:
            yield together
