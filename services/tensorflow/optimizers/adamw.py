"""AdamW: after the decay, Adam's step."""

import keras
from twinrun.contract.optimizers import AdamW

from services.tensorflow.optimizers import adam
from services.tensorflow.optimizers.adam import kernel, kernel_factors, step
from services.tensorflow.optimizers.kinds import Usual

__all__ = ["kernel", "kernel_factors", "step", "usual"]


def usual(kind: AdamW) -> Usual:
    """Implement `services.tensorflow.optimizers.kinds.Kind`."""
    _, given = adam.usual(kind)
    return keras.optimizers.AdamW, {**given, "weight_decay": kind.weight_decay}
