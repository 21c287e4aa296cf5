"""The optimizers, with their defaults, as in job.proto, which has their formulas.

Each says of itself what else is known about it, so that a new one is written down here once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from twinrun.contract.enums import Decayed, EpsilonPlace
from twinrun.contract.ranges import above_zero, between, fraction
from twinrun.contract.regularization import Clip, WeightDecay
from twinrun.contract.schedules import Schedule
from twinrun.contract.violation import Violation


class Kind(Protocol):
    """What every optimizer says of itself."""

    title: ClassVar[str]  # As people write it.
    capturable: ClassVar[bool]  # Whether PyTorch's own can be captured in a CUDA graph.

    @property
    def shrinking(self) -> tuple[float, ...]:
        """By how much each moment shrinks in a step without a gradient; 0: there is none."""

    def violations(self, field: str) -> Iterator[Violation]:
        """Yield what is out of range; ``field`` is the optimizer's path."""


@dataclass(frozen=True, slots=True)
class Sgd:
    title: ClassVar[str] = "SGD"
    capturable: ClassVar[bool] = True

    momentum: float = 0.0
    nesterov: bool = False

    @property
    def shrinking(self) -> tuple[float, ...]:
        return (self.momentum,)

    def violations(self, field: str) -> Iterator[Violation]:
        yield from fraction(f"{field}.momentum", self.momentum)
        if self.nesterov and not self.momentum:
            yield Violation(f"{field}.nesterov", "is of momentum, which is 0; set momentum")


@dataclass(frozen=True, slots=True)
class Adam:
    title: ClassVar[str] = "Adam"
    capturable: ClassVar[bool] = True

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    amsgrad: bool = False

    @property
    def shrinking(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2

    def violations(self, field: str) -> Iterator[Violation]:
        yield from _of_moments(field, self)


@dataclass(frozen=True, slots=True)
class AdamW:
    title: ClassVar[str] = "AdamW"
    capturable: ClassVar[bool] = True

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    amsgrad: bool = False

    @property
    def shrinking(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2

    def violations(self, field: str) -> Iterator[Violation]:
        yield from _of_moments(field, self)
        yield from between(f"{field}.weight_decay", self.weight_decay, 0, 100)


@dataclass(frozen=True, slots=True)
class RmsProp:
    title: ClassVar[str] = "RMSprop"
    capturable: ClassVar[bool] = False

    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-8
    centered: bool = False
    epsilon_place: EpsilonPlace = EpsilonPlace.OUTSIDE

    @property
    def shrinking(self) -> tuple[float, ...]:
        return self.rho, self.momentum

    def violations(self, field: str) -> Iterator[Violation]:
        yield from fraction(f"{field}.rho", self.rho)
        yield from fraction(f"{field}.momentum", self.momentum)
        yield from above_zero(f"{field}.epsilon", self.epsilon, 1)


@dataclass(frozen=True, slots=True)
class Adagrad:
    title: ClassVar[str] = "Adagrad"
    capturable: ClassVar[bool] = False

    initial_accumulator: float = 0.0
    epsilon: float = 1e-10

    @property
    def shrinking(self) -> tuple[float, ...]:
        return ()

    def violations(self, field: str) -> Iterator[Violation]:
        yield from between(f"{field}.initial_accumulator", self.initial_accumulator, 0, 1e6)
        yield from above_zero(f"{field}.epsilon", self.epsilon, 1)


@dataclass(frozen=True, slots=True)
class Adamax:
    title: ClassVar[str] = "Adamax"
    capturable: ClassVar[bool] = False

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    @property
    def shrinking(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2

    def violations(self, field: str) -> Iterator[Violation]:
        yield from _of_moments(field, self)


@dataclass(frozen=True, slots=True)
class Optimizer:
    kind: Sgd | Adam | AdamW | RmsProp | Adagrad | Adamax
    learning_rate: float = 0.001
    schedule: Schedule | None = None
    clip: Clip | None = None
    weight_decay: WeightDecay | None = None
    decayed: Decayed = Decayed.ALL

    def violations(self, field: str) -> Iterator[Violation]:
        """Yield what is out of range; ``field`` is the optimizer's path."""
        yield from above_zero(f"{field}.learning_rate", self.learning_rate, 1_000)
        yield from self.kind.violations(f"{field}.{optimizer_field(type(self.kind))}")
        for name in ("schedule", "clip", "weight_decay"):
            if (part := getattr(self, name)) is not None:
                yield from part.violations(f"{field}.{name}")
        if self.weight_decay is not None and isinstance(self.kind, AdamW):
            what = "is beside the decay that adamw has; take adam, or leave it out"
            yield Violation(f"{field}.weight_decay", what)


def optimizer_field(kind: type[Kind]) -> str:
    """Return the name of the kind's field in the message, and of its modules: ``rmsprop``."""
    return kind.__name__.lower()


def _of_moments(field: str, kind: Adam | AdamW | Adamax) -> Iterator[Violation]:
    yield from fraction(f"{field}.beta_1", kind.beta_1)
    yield from fraction(f"{field}.beta_2", kind.beta_2)
    yield from above_zero(f"{field}.epsilon", kind.epsilon, 1)
