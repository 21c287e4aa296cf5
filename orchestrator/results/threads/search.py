"""Each side's own best number of threads, by short trials at several numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from orchestrator.results.quantities import EPOCH
from orchestrator.trials.sides import Side
from orchestrator.trials.trial import Trial

SCHEMA = "twinrun.threads/1"
BLOCKS = 5  # short trials of each number
WORTH = 1.05  # times as fast, in the median block: less does not justify more threads


@dataclass(frozen=True, slots=True)
class Tried:
    """``seconds``: of a short trial's epoch, block by block."""

    threads: int
    seconds: Sequence[float]


@dataclass(frozen=True, slots=True)
class SideSearch:
    """``side``: its name at equal threads; ``best``: its name at its own best number, ``threads``.

    ``tried``: the numbers in rising order.
    """

    side: str
    best: str
    threads: int
    tried: Sequence[Tried]


@dataclass(frozen=True, slots=True)
class Search:
    """``equal``: the number of threads that all sides have unless they have their own."""

    equal: int
    sides: Sequence[SideSearch]

    @property
    def best(self) -> Mapping[str, str]:
        """The side at its own best number, by the side at equal threads."""
        return {each.side: each.best for each in self.sides}


def candidates(cpus: int, cores: int | None, equal: int) -> list[int]:
    """Return the numbers to try: 1, 2, 4 ... cores, then all CPUs, and the ``equal`` number.

    ``cpus``: hardware threads. ``cores``: None: not known, and all CPUs stand for them.
    """
    most = min(cores or cpus, cpus)
    return sorted({*(2**power for power in range(most.bit_length())), most, cpus, equal})


def at(side: Side, threads: int) -> Side:
    """Return the side with a number of threads of its own."""
    return Side(side.framework, (*side.changes, ("threads", str(threads))), side.letter)


def search(
    sides: Sequence[Side], counts: Sequence[int], equal: int, trials: Sequence[Trial]
) -> Search:
    """Choose for each side among ``counts``, by short trials of `at` each of them."""
    return Search(equal, list(_searched(sides, counts, equal, trials)))


def _searched(
    sides: Sequence[Side], counts: Sequence[int], equal: int, trials: Sequence[Trial]
) -> Iterator[SideSearch]:
    for side in sides:
        tried = [Tried(count, _seconds(at(side, count).name, trials)) for count in counts]
        threads = choose(tried)
        best = side if threads == equal else at(side, threads)
        yield SideSearch(side.name, best.name, threads, tried)


def _seconds(name: str, trials: Sequence[Trial]) -> list[float]:
    own = sorted((t for t in trials if t.framework == name), key=lambda trial: trial.number)
    return [EPOCH.measure(trial, None) or 0.0 for trial in own]


def choose(tried: Sequence[Tried]) -> int:
    """Return the best number of threads; the smaller one where the trials do not decide.

    Numbers are taken in rising order. A larger one takes the place of the one chosen so far if it
    was faster in every block, and at least `WORTH` times as fast in the median block. By chance
    alone, the first happens once in 2 ** `BLOCKS` times.
    """
    chosen, *larger = tried
    for each in larger:
        ratios = [old / new for old, new in zip(chosen.seconds, each.seconds, strict=True)]
        if min(ratios) > 1 and median(ratios) >= WORTH:
            chosen = each
    return chosen.threads
