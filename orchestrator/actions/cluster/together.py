"""Jobs that all machines of a file train together: who they are, and what a command may ask."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.language.phrases import Phrase, english, join
from orchestrator.language.words import COMMA
from orchestrator.runners.finding import Runners
from orchestrator.runners.together.runners import RunnersTogether
from orchestrator.settings import hosts
from orchestrator.settings.config import Places
from orchestrator.trials.sides import Side

_ONE = Phrase("--over: {file} names one machine, and several train a job together; add another.")
_ONE_DEVICE = Phrase(
    "--over shares a job among the devices of several machines, and no side has more than one "
    "device; give --devices, a multiple of the number of machines."
)
_NOT_TOGETHER = Phrase(
    "--over says where the runners are, and takes all machines for each trial; leave out {flags}."
)


def check(flags: Mapping[str, bool], sides: Sequence[Side], spec: job_pb2.JobSpec) -> None:
    """Refuse what cannot be asked together with ``--over``; ``flags``: whether each is given.

    Raises BadInput.
    """
    if given := [flag for flag, is_given in flags.items() if is_given]:
        raise BadInput(english(_NOT_TOGETHER, flags=join(COMMA, given)))
    if all(side.spec(spec).devices <= 1 for side in sides):
        raise BadInput(english(_ONE_DEVICE))


@contextmanager
def runners(
    over: Path | None, places: Places, tell: Callable[[str], None], *, lazy: bool = True
) -> Iterator[Runners]:
    """Yield the runners at ``places``, or those of all machines of the file ``over`` together.

    Those that are started here end with it. Raises BadInput.
    """
    if over is None:
        made = Runners(places, tell, lazy)
    else:
        found = hosts.read(over, (), "--over")
        if len(found) < 2:
            raise BadInput(english(_ONE, file=over))
        made = RunnersTogether(found, tell)
    with closing(made):
        yield made
