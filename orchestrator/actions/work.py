"""What the command line and notebooks do alike: a request, with runners found or started for it."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from twinrun.v1 import job_pb2

from orchestrator.actions import compare as session
from orchestrator.actions.compare import Outcome, Request
from orchestrator.errors import JobFailed
from orchestrator.language.phrases import join
from orchestrator.language.words import LINES
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Display
from orchestrator.settings.config import Places


def compare(request: Request, places: Places, display: Display) -> Outcome:
    """Run the trials of a request, and compare them. Raises OrchestratorError."""
    with runners_for(request, places, display) as runners:
        return session.train(request, runners, display)


@contextmanager
def runners_for(request: Request, places: Places, display: Display) -> Iterator[Runners]:
    """Those that are started here end with it."""
    # A GPU is known once the framework has been imported.
    lazy = not (request.concurrent and request.spec.device == job_pb2.DEVICE_CUDA)
    with closing(Runners(places, display.say, lazy)) as runners:
        yield runners


def raise_for(outcomes: Sequence[Outcome]) -> None:
    """Raises KeyboardInterrupt where one was interrupted, JobFailed where a trial failed.

    Raises what cut one short, where nothing else went wrong.
    """
    if any(outcome.interrupted for outcome in outcomes):
        raise KeyboardInterrupt
    ended = [outcome.ended for outcome in outcomes if outcome.ended]
    if faults := [fault for outcome in outcomes for fault in outcome.faults]:
        raise JobFailed(join(LINES, [*faults, *(error.message for error in ended)]))
    if ended:
        raise ended[0]
