"""How initial values are drawn, with defaults, as in job.proto."""

from dataclasses import dataclass

from twinrun.contract.enums import Distribution, FanMode


@dataclass(frozen=True, slots=True)
class Zeros:
    pass


@dataclass(frozen=True, slots=True)
class Normal:
    stddev: float = 1.0


@dataclass(frozen=True, slots=True)
class VarianceScaling:
    scale: float = 1.0
    mode: FanMode = FanMode.AVERAGE
    distribution: Distribution = Distribution.UNIFORM


@dataclass(frozen=True, slots=True)
class TruncatedNormal:
    stddev: float = 1.0


@dataclass(frozen=True, slots=True)
class Constant:
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Orthogonal:
    gain: float = 1.0


Initializer = Zeros | Normal | VarianceScaling | TruncatedNormal | Constant | Orthogonal
