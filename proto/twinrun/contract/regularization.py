"""How gradients are clipped and weights decay, as in job.proto, which has the formulas."""

from collections.abc import Iterator
from dataclasses import dataclass

from twinrun.contract.enums import DecayForm
from twinrun.contract.ranges import above_zero, between
from twinrun.contract.violation import Violation


@dataclass(frozen=True, slots=True)
class ClipByValue:
    limit: float


@dataclass(frozen=True, slots=True)
class ClipByNorm:
    limit: float


@dataclass(frozen=True, slots=True)
class ClipByGlobalNorm:
    limit: float


_CASES = {ClipByValue: "value", ClipByNorm: "norm", ClipByGlobalNorm: "global_norm"}


@dataclass(frozen=True, slots=True)
class Clip:
    kind: ClipByValue | ClipByNorm | ClipByGlobalNorm

    def violations(self, field: str) -> Iterator[Violation]:
        """Yield what is out of range; ``field`` is the path of the clipping."""
        return above_zero(f"{field}.{_CASES[type(self.kind)]}.limit", self.kind.limit, 1e9)


@dataclass(frozen=True, slots=True)
class WeightDecay:
    factor: float
    form: DecayForm

    def violations(self, field: str) -> Iterator[Violation]:
        """Yield what is out of range; ``field`` is the decay's path."""
        most = 1 if self.form is DecayForm.DECOUPLED else 100  # of a weight, at each step
        return between(f"{field}.factor", self.factor, 0, most)
