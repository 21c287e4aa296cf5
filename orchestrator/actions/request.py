"""What a command asks to be run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator.actions.porting import NOTHING, Further
from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import KEPT
from orchestrator.settings import config
from orchestrator.storage.store import Run
from orchestrator.trials.sides import Side, are_the_same, change_how, runners_of

_KEPT_WITH_PAGE = Phrase("kept in {path}; its page: {page}")
Pair = tuple[str, str]  # names of two sides


@dataclass(frozen=True)
class Request:
    """``spec`` by each of ``sides``, stored in a new run in ``output``, named after ``workload``.

    ``baseline``: the side that the others are compared with; None: the first. ``label``: the
    user's own words for the run. ``further``: what else is asked where models of code part.
    """

    workload: str
    spec: job_pb2.JobSpec
    sides: Sequence[Side]
    output: Path
    baseline: str | None = None
    label: str = ""
    further: Further = NOTHING

    def __post_init__(self) -> None:
        """Check each side's job, before any runner is asked. Raises BadInput."""
        for side in self.sides:
            config.check(side.spec(self.spec))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sides."""
        return tuple(side.name for side in self.sides)

    @property
    def runner_names(self) -> tuple[str, ...]:
        """The names of the runners that the sides run on, each once."""
        return runners_of(self.sides)

    @property
    def pairs(self) -> list[Pair]:
        """The baseline and each other side that should agree with it."""
        return against(self.names, self.baseline)


def kept(run: Run) -> str:
    """Say where a run is, and its page if it has one."""
    phrase = _KEPT_WITH_PAGE if run.page_path.exists() else KEPT
    return say(phrase, path=run.path, page=run.page_path)


def against(sides: Sequence[str], baseline: str | None) -> list[Pair]:
    """Pair the baseline, by default the first, with each other side that should agree."""
    first = baseline or sides[0]
    pairs = [(first, side) for side in sides if side != first]
    return [pair for pair in pairs if change_how(pair) and not are_the_same(pair)]
