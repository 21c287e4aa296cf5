"""The losses, with their defaults, as in job.proto, which has their formulas."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from twinrun.contract.enums import ClassWeightsDivisor


@dataclass(frozen=True, slots=True)
class SoftmaxCrossEntropy:
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()
    class_weights_divisor: ClassWeightsDivisor = ClassWeightsDivisor.WEIGHTS


@dataclass(frozen=True, slots=True)
class SigmoidCrossEntropy:
    positive_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class MeanSquaredError:
    pass


@dataclass(frozen=True, slots=True)
class MeanAbsoluteError:
    pass


@dataclass(frozen=True, slots=True)
class Huber:
    delta: float = 1.0


Loss = SoftmaxCrossEntropy | SigmoidCrossEntropy | MeanSquaredError | MeanAbsoluteError | Huber


class Targets(StrEnum):
    """What a sample's target is, by which loss and data must fit each other."""

    CLASS = "a class"  # int32[n]
    FLAGS = "0 or 1 for each output"  # [n, outputs], in the parameters' precision
    NUMBERS = "a number for each output"  # the same


def targets(loss: Loss) -> Targets:
    """Return what the loss takes as a sample's target."""
    match loss:
        case SoftmaxCrossEntropy():
            return Targets.CLASS
        case SigmoidCrossEntropy():
            return Targets.FLAGS
        case MeanSquaredError() | MeanAbsoluteError() | Huber():
            return Targets.NUMBERS
        case _:
            assert_never(loss)
