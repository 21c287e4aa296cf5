"""What a command asks to be run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator.trials.sides import Side, are_the_same, change_how

Pair = tuple[str, str]  # names of two sides


@dataclass(frozen=True)
class Request:
    """``spec`` by each of ``sides``, stored in a new run in ``output``, named after ``workload``.

    ``baseline``: the side that the others are compared with; None: the first.
    """

    workload: str
    spec: job_pb2.JobSpec
    sides: Sequence[Side]
    output: Path
    baseline: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sides."""
        return tuple(side.name for side in self.sides)

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The frameworks that the sides run on, each once."""
        return tuple(dict.fromkeys(side.framework for side in self.sides))

    @property
    def pairs(self) -> list[Pair]:
        """The baseline and each other side that should agree with it."""
        return against(self.names, self.baseline)


def against(sides: Sequence[str], baseline: str | None) -> list[Pair]:
    """Pair the baseline, by default the first, with each other side that should agree."""
    first = baseline or sides[0]
    pairs = [(first, side) for side in sides if side != first]
    return [pair for pair in pairs if change_how(pair) and not are_the_same(pair)]
