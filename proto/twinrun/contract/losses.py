"""The losses, with their defaults, as in job.proto, which has their formulas."""

from dataclasses import dataclass
from typing import assert_never

from twinrun.contract.enums import ClassWeightsDivisor, TargetKind


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


@dataclass(frozen=True, slots=True)
class NextTokenCrossEntropy:
    ignored: int | None = None


@dataclass(frozen=True, slots=True)
class PixelCrossEntropy:
    ignored: int | None = None


Loss = (
    SoftmaxCrossEntropy
    | SigmoidCrossEntropy
    | MeanSquaredError
    | MeanAbsoluteError
    | Huber
    | NextTokenCrossEntropy
    | PixelCrossEntropy
)


def class_weights(loss: Loss) -> tuple[float, ...]:
    """Return the weight of each class; none: the loss has no such weights."""
    return loss.class_weights if isinstance(loss, SoftmaxCrossEntropy) else ()


def ignored(loss: Loss) -> int | None:
    """Return the class that does not count as a target; None: all do."""
    return loss.ignored if isinstance(loss, NextTokenCrossEntropy | PixelCrossEntropy) else None


def targets(loss: Loss) -> TargetKind:
    """Return what the loss takes as a sample's target."""
    match loss:
        case SoftmaxCrossEntropy():
            return TargetKind.CLASS
        case SigmoidCrossEntropy():
            return TargetKind.FLAGS
        case MeanSquaredError() | MeanAbsoluteError() | Huber():
            return TargetKind.NUMBERS
        case NextTokenCrossEntropy() | PixelCrossEntropy():
            return TargetKind.TOKENS
        case _:
            assert_never(loss)


def of_pixels(loss: Loss) -> bool:
    """Return whether a target is a class at each pixel of an image, not at positions of a text."""
    return isinstance(loss, PixelCrossEntropy)
