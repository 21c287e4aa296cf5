"""The order of trials: of which side, how often, with which seed. Order is policy."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from twinrun.v1 import job_pb2, runner_service_pb2

from orchestrator.trials.sides import Side, runner_of


@dataclass(frozen=True, slots=True)
class Placement:
    """One trial: its side, its number among that side's trials, from 1, and its task.

    ``process``: only a trial in a process of its own may be timed.
    """

    side: str
    number: int
    spec: job_pb2.JobSpec
    process: runner_service_pb2.ProcessUse = runner_service_pb2.PROCESS_USE_OWN

    @property
    def runner(self) -> str:
        """The name of the runner that it runs on."""
        return runner_of(self.side)


# Takes the number of repetitions so far; returns whether they are enough.
Enough = Callable[[int], bool]


def placements(
    sides: Sequence[Side],
    spec: job_pb2.JobSpec,
    enough: Enough = bool,
    *,
    same_seed: bool = False,
    rng: random.Random | None = None,
) -> Iterator[Placement]:
    """Yield the order of the trials: blocks of one trial of each side, until ``enough``.

    A block has one seed for all sides, one higher than the block before.
    """
    for number, order in enumerate(orders(sides, rng or random.SystemRandom()), start=1):
        yield from block(order, spec, number, same_seed=same_seed)
        if enough(number):
            return


def block(
    order: Sequence[Side], spec: job_pb2.JobSpec, number: int, *, same_seed: bool = False
) -> Iterator[Placement]:
    """Yield the trials of one block: one of each side, in ``order``."""
    asked = job_pb2.JobSpec()
    asked.CopyFrom(spec)
    if not same_seed:
        asked.seed = (spec.seed + number - 1) % 2**31
    for side in order:
        yield Placement(side.name, number, side.spec(asked))


def rounds(cells: Sequence[str], rng: random.Random) -> Iterator[list[str]]:
    """Yield the cells of a grid in the order of each round, in which each has one block.

    The order is drawn at random for every other round; the next one is its reverse. So over two
    rounds the mean place of every cell is the same, and a drift that is linear in time affects all
    cells alike.
    """
    while True:
        drawn = rng.sample(list(cells), len(cells))
        yield drawn
        yield drawn[::-1]


def orders(sides: Sequence[Side], rng: random.Random) -> Iterator[list[Side]]:
    """Yield the sides in the order of each block: drawn at random, and balanced.

    It uses Williams' squares (1949). Over as many blocks as there are sides, each side takes each
    position once, so that drift affects all alike. Each side also follows each other one equally
    often, so that what a trial leaves behind does too; for an odd number of sides, over two
    squares. Which side is which, and the order of a square's blocks, are drawn for each.
    """
    count = len(sides)
    zigzag = [(place + 1) // 2 if place % 2 else -(place // 2) for place in range(count)]
    while True:
        drawn = rng.sample(list(sides), count)
        for mirrored in (False, True) if count % 2 else (False,):
            for row in rng.sample(range(count), count):
                order = [drawn[(row + place) % count] for place in zigzag]
                yield order[::-1] if mirrored else order
