"""Which block runs on which machine, and when. It has no clock, no runner and no file.

A block is the unit: it runs on one machine, alone, and if that machine fails, as a whole on
another. Times are seconds of any clock that the caller has.
"""

import heapq
import itertools
import random
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from orchestrator.runners.placement import orders
from orchestrator.trials.sides import Side

MOST_FAILURES = 3  # of a machine, until it is left out
REST_SECONDS = 10.0  # after a failure; twice as long after the next: a runner may come back

Block = TypeVar("Block", bound=Hashable)


@dataclass(slots=True)
class _Again(Generic[Block]):
    """A block that runs again, if possible not where it has ``failed``."""

    block: Block
    failed: set[str] = field(default_factory=set)


class Queue(Generic[Block]):
    """One queue of ``blocks`` for all machines; each block is finished once, or never.

    ``blocks`` may be endless, until `stop`; if they have none for now, they are asked again once
    another one has ended. A machine that fails `MOST_FAILURES` times is ``left_out``; ``stopped``:
    whether `stop` was called. Time and memory are linear in the number of blocks.

    ``kinds``: of which blocks are; then a machine takes, of those that are ahead, one of the kind
    of which it had fewest, so that each kind is spread over the machines.
    """

    def __init__(
        self, blocks: Iterable[Block], machines: Iterable[str], kinds: "Kinds[Block] | None" = None
    ) -> None:
        self.left_out: list[str] = []
        self.stopped = False
        self._blocks: Iterator[Block] = iter(blocks)
        self._ahead: deque[Block] = deque()  # those that were looked for
        self._kinds = kinds
        self._again: deque[_Again[Block]] = deque()
        self._running: dict[str, _Again[Block]] = {}
        self._idle: deque[str] = deque()
        self._resting: list[tuple[float, str]] = []  # a heap
        self._failures: dict[str, int] = {}
        for machine in machines:
            self.add(machine)

    def add(self, machine: str) -> None:
        """Add a machine, at any time; one that was left out begins anew.

        Raises ValueError if it is there.
        """
        if self.has(machine):
            raise ValueError(f"there is a machine {machine}")
        self.left_out = [each for each in self.left_out if each != machine]
        self._failures[machine] = 0
        self._idle.append(machine)

    def has(self, machine: str) -> bool:
        """Return whether it is there, and not left out."""
        return machine in self._failures

    def take(self, now: float) -> list[tuple[str, Block]]:
        """Return what begins now: machines, and the block of each."""
        while self._resting and self._resting[0][0] <= now:
            self._idle.append(heapq.heappop(self._resting)[1])
        begun = list[tuple[str, Block]]()
        for _ in range(len(self._idle)):
            if not self._has_more():
                break
            machine = self._idle.popleft()
            found = self._next(machine)
            if found is None:  # what is left should run elsewhere
                self._idle.append(machine)
            else:
                self._running[machine] = found
                begun.append((machine, found.block))
        return begun

    def finished(self, machine: str) -> Block:
        """Record that the machine's block is finished; return the block."""
        self._idle.append(machine)
        return self._running.pop(machine).block

    def failed(self, machine: str, now: float, *, for_good: bool = False) -> Block:
        """Record that the machine failed in its block; return the block.

        The block runs again, unless `stop` was called. ``for_good``: the machine would fail again,
        so it is left out at once.
        """
        again = self._running.pop(machine)
        again.failed.add(machine)
        if not self.stopped:
            self._again.append(again)
        self._failures[machine] += 1
        if for_good or self._failures[machine] == MOST_FAILURES:
            del self._failures[machine]
            self.left_out.append(machine)
        else:
            rest = REST_SECONDS * 2 ** (self._failures[machine] - 1)
            heapq.heappush(self._resting, (now + rest, machine))
        return again.block

    def refused(self, machine: str) -> Block:
        """Record that the machine cannot run its block, which another may; return the block."""
        again = self._running.pop(machine)
        again.failed.add(machine)
        if not self.stopped:
            self._again.append(again)
        self._idle.append(machine)
        return again.block

    def stop(self) -> None:
        """Begin no further block, neither a new one nor one again."""
        self.stopped = True
        self._blocks = iter(())
        self._ahead.clear()
        self._again.clear()

    @property
    def running(self) -> Sequence[str]:
        """The machines that have a block now."""
        return list(self._running)

    @property
    def over(self) -> bool:
        """Whether nothing runs, and nothing can begin any more."""
        return not self._running and not (self._failures and self._has_more())

    @property
    def lost(self) -> bool:
        """Whether blocks are left that no machine can run."""
        return not self._failures and self._has_more()

    @property
    def next_at(self) -> float | None:
        """The time at which a machine has rested. None: none rests."""
        return self._resting[0][0] if self._resting else None

    def _has_more(self) -> bool:
        if self._kinds is not None:
            over = self._kinds.is_over
            self._again = deque(each for each in self._again if not over(each.block))
        return bool(self._again) or self._has_new()

    def _has_new(self) -> bool:
        if self._kinds is not None:
            self._ahead = deque(itertools.filterfalse(self._kinds.is_over, self._ahead))
        while len(self._ahead) < (1 if self._kinds is None else self._kinds.look()):
            found = list(itertools.islice(self._blocks, 1))
            if not found:
                break
            self._ahead += found
        return bool(self._ahead)

    def _next(self, machine: str) -> _Again[Block] | None:
        """Return what the machine does next; `_has_more` was called before."""
        for index, again in enumerate(self._again):
            if machine not in again.failed or self._failures.keys() <= again.failed:
                del self._again[index]
                return again
        if not self._has_new():
            return None
        if self._kinds is None:
            return _Again(self._ahead.popleft())
        block = self._kinds.fewest(machine, self._ahead)
        self._ahead.remove(block)
        return _Again(block)


class Kinds(Generic[Block]):
    """The kinds of blocks, and how many of each were given to a machine.

    ``kind``: of a block; ``look``: at how many blocks that are ahead; ``had``: by machine and kind,
    before; ``is_over``: whether a block that was looked at need not run any more.
    """

    def __init__(
        self,
        kind: Callable[[Block], str],
        look: Callable[[], int],
        had: Mapping[tuple[str, str], int],
        is_over: Callable[[Block], bool],
    ) -> None:
        self.look, self.is_over = look, is_over
        self._kind, self._had = kind, Counter(had)

    def fewest(self, machine: str, ahead: Iterable[Block]) -> Block:
        """Return the first of the kind of which the machine had fewest, and count it."""
        found = min(ahead, key=lambda block: self._had[machine, self._kind(block)])
        self._had[machine, self._kind(found)] += 1
        return found


class Turns:
    """The order of the sides in each machine's next block, balanced on each machine by itself.

    An order is used again until a block with it is finished. ``seed``: so that they are the same
    again for a command that goes on; ``had``: the blocks that each machine has finished before.
    """

    def __init__(self, sides: Sequence[Side], seed: str, had: Mapping[str, int]) -> None:
        self._sides, self._seed, self._had = sides, seed, had
        self._orders: dict[str, Iterator[list[Side]]] = {}
        self._now: dict[str, list[Side]] = {}

    def order(self, machine: str) -> list[Side]:
        """Return the order of the machine's next block."""
        if machine not in self._orders:
            chance = random.Random(f"{self._seed} {machine}")  # noqa: S311 - nobody guesses it
            several = orders(self._sides, chance)
            self._orders[machine] = itertools.islice(several, self._had.get(machine, 0), None)
            self._now[machine] = next(self._orders[machine])
        return self._now[machine]

    def finished(self, machine: str) -> None:
        """Record that a block in the machine's order is finished."""
        self._now[machine] = next(self._orders[machine])
