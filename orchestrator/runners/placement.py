"""The order of trials: which side's, how often, with which seed. Order is policy."""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.trials.sides import framework_of


@dataclass(frozen=True, slots=True)
class Placement:
    """One trial: of which side, which of its trials, from 1, and what it is to do.

    ``process``: only one in a process of its own may be timed.
    """

    side: str
    number: int
    spec: job_pb2.JobSpec
    process: runner_service_pb2.ProcessUse = runner_service_pb2.PROCESS_USE_OWN

    @property
    def framework(self) -> str:
        """That it runs on."""
        return framework_of(self.side)


# Told how many repetitions there were: whether these are enough.
Enough = Callable[[int], bool]


def placements(
    sides: Sequence[str],
    spec: job_pb2.JobSpec,
    enough: Enough = bool,
    *,
    same_seed: bool = False,
    rng: random.Random | None = None,
) -> Iterator[Placement]:
    """The order of the trials: in each repetition one of each side, until there are ``enough``.

    Which side goes first is drawn for every other repetition; the one after it goes the other way
    round, so that what drifts, and what a trial leaves to the next, meets all sides alike. A
    repetition has one seed for all sides, one higher than the one before.
    """
    rng = rng or random.SystemRandom()
    order: list[str] = []
    for number in itertools.count(1):
        order = rng.sample(list(sides), len(sides)) if number % 2 else order[::-1]
        asked = job_pb2.JobSpec()
        asked.CopyFrom(spec)
        if not same_seed:
            asked.seed = (spec.seed + number - 1) % 2**31
        for side in order:
            yield Placement(side, number, asked)
        if enough(number):
            return
