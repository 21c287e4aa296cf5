"""How the learning rate changes by step, as in job.proto, which has the formulas.

Each says which of its steps show all that it does: its ``marks``, from 0, in order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from twinrun.contract.ranges import above_zero, between
from twinrun.contract.violation import Violation

_MOST_STEPS = 1_000_000_000
# How many steps show a schedule at most: a short certificate's epoch has as many.
MOST_MARKS = 25


@dataclass(frozen=True, slots=True)
class ConstantRate:
    @property
    def marks(self) -> tuple[int, ...]:
        return (0,)

    def violations(self, _: str) -> Iterator[Violation]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Cosine:
    steps: int
    end_factor: float = 0.0

    @property
    def marks(self) -> tuple[int, ...]:
        return _decay(self.steps)

    def violations(self, field: str) -> Iterator[Violation]:
        yield from _steps(f"{field}.steps", self.steps)
        yield from between(f"{field}.end_factor", self.end_factor, 0, 1)


@dataclass(frozen=True, slots=True)
class Step:
    boundaries: tuple[int, ...] = ()
    every: int | None = None
    factor: float = 0.1

    @property
    def marks(self) -> tuple[int, ...]:
        edges = [self.every, 2 * self.every] if self.every else self.boundaries
        return (0, *(step for edge in edges for step in (edge - 1, edge, edge + 1)))

    def violations(self, field: str) -> Iterator[Violation]:
        if bool(self.boundaries) == (self.every is not None):
            yield Violation(field, "has boundaries or every, and not both; give one of them")
        for index, edge in enumerate(self.boundaries):
            yield from _steps(f"{field}.boundaries[{index}]", edge)
        if list(self.boundaries) != sorted(set(self.boundaries)):
            yield Violation(f"{field}.boundaries", "do not rise; sort them")
        if self.every is not None:
            yield from _steps(f"{field}.every", self.every)
        yield from above_zero(f"{field}.factor", self.factor, 1)


@dataclass(frozen=True, slots=True)
class Exponential:
    steps: int
    factor: float = 0.1

    @property
    def marks(self) -> tuple[int, ...]:
        return (*_decay(self.steps), 2 * self.steps)

    def violations(self, field: str) -> Iterator[Violation]:
        yield from _steps(f"{field}.steps", self.steps)
        yield from above_zero(f"{field}.factor", self.factor, 1)


@dataclass(frozen=True, slots=True)
class Polynomial:
    steps: int
    power: float = 1.0
    end_factor: float = 0.0

    @property
    def marks(self) -> tuple[int, ...]:
        return _decay(self.steps)

    def violations(self, field: str) -> Iterator[Violation]:
        yield from _steps(f"{field}.steps", self.steps)
        yield from above_zero(f"{field}.power", self.power, 100)
        yield from between(f"{field}.end_factor", self.end_factor, 0, 1)


@dataclass(frozen=True, slots=True)
class OneCycle:
    steps: int
    rising: float = 0.3
    start_factor: float = 0.04
    end_factor: float = 4e-6

    @property
    def marks(self) -> tuple[int, ...]:
        peak = round(self.rising * self.steps)
        around = (peak // 2, peak - 1, peak, peak + 1, (peak + self.steps) // 2)
        return (*_decay(self.steps), *around)

    def violations(self, field: str) -> Iterator[Violation]:
        yield from _steps(f"{field}.steps", self.steps)
        yield from between(f"{field}.rising", self.rising, 0, 0.99)
        yield from between(f"{field}.start_factor", self.start_factor, 0, 1)
        yield from between(f"{field}.end_factor", self.end_factor, 0, 1)


@dataclass(frozen=True, slots=True)
class CosineRestarts:
    steps: int
    multiplier: int = 1
    shrink: float = 1.0
    end_factor: float = 0.0

    @property
    def marks(self) -> tuple[int, ...]:
        second = self.steps * (1 + self.multiplier)
        inner = (self.steps + 1, (self.steps + second) // 2, second - 1, second, second + 1)
        return (*_decay(self.steps), *inner)

    def violations(self, field: str) -> Iterator[Violation]:
        yield from _steps(f"{field}.steps", self.steps)
        yield from between(f"{field}.multiplier", self.multiplier, 1, 1000)
        yield from above_zero(f"{field}.shrink", self.shrink, 1)
        yield from between(f"{field}.end_factor", self.end_factor, 0, 1)


@dataclass(frozen=True, slots=True)
class Schedule:
    kind: ConstantRate | Cosine | Step | Exponential | Polynomial | OneCycle | CosineRestarts
    warmup_steps: int = 0
    shown_steps: tuple[int, ...] = ()

    @property
    def marks(self) -> tuple[int, ...]:
        """At most MOST_MARKS steps: of the warm-up, the beginning and the end of each phase."""
        warm = self.warmup_steps
        steps = {0, warm // 2, max(warm - 1, 0), *(warm + step for step in self.kind.marks)}
        found = sorted(step for step in steps if step >= 0)
        if len(found) <= MOST_MARKS:
            return tuple(found)
        part = (len(found) - 1) / (MOST_MARKS - 1)
        return tuple(found[round(part * place)] for place in range(MOST_MARKS))

    def violations(self, field: str) -> Iterator[Violation]:
        """Yield what is out of range; ``field`` is the schedule's path."""
        yield from between(f"{field}.warmup_steps", self.warmup_steps, 0, _MOST_STEPS)
        yield from self.kind.violations(f"{field}.{schedule_field(type(self.kind))}")
        for index, step in enumerate(self.shown_steps):
            yield from between(f"{field}.shown_steps[{index}]", step, 0, 2**31 - 1)


def schedule_field(kind: type) -> str:
    """Return the name of the kind's case in the proto: ``one_cycle``."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


def _steps(field: str, steps: int) -> Iterator[Violation]:
    return between(field, steps, 1, _MOST_STEPS)


def _decay(steps: int) -> tuple[int, ...]:
    """Return the first, middle and last steps of a decay, and those around its end."""
    return 0, 1, steps // 2, steps - 1, steps, steps + 1
