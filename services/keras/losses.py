"""The losses and metrics that users of Keras give to `compile`, on any of its backends."""

from collections.abc import Callable
from functools import partial
from typing import assert_never

import keras
from twinrun.contract.enums import TargetKind
from twinrun.contract.losses import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    NextTokenCrossEntropy,
    PixelCrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    ignored,
    targets,
)
from twinrun.contract.spec import JobSpec

LossFunction = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def idiomatic(spec: JobSpec) -> keras.losses.Loss | LossFunction:
    """Return Keras's loss of a batch, for targets and logits in this order."""
    match spec.loss:
        case SoftmaxCrossEntropy(smoothing, weights) as loss:
            if smoothing or weights:
                return partial(_in_keras, loss)
            return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        case SigmoidCrossEntropy(1.0):
            return keras.losses.BinaryCrossentropy(from_logits=True)
        case SigmoidCrossEntropy(weight):
            return partial(_weighted, weight)
        case MeanSquaredError():
            return keras.losses.MeanSquaredError()
        case MeanAbsoluteError():
            return keras.losses.MeanAbsoluteError()
        case Huber(delta):
            return keras.losses.Huber(delta)
        case NextTokenCrossEntropy(left_out) | PixelCrossEntropy(left_out):
            return keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, ignore_class=left_out
            )
        case _:
            assert_never(spec.loss)


def metrics(spec: JobSpec) -> list[str | keras.metrics.Metric]:
    """Return the metrics that Keras is to keep while it fits: the accuracy, if there is one."""
    match targets(spec.loss):
        case TargetKind.TOKENS if ignored(spec.loss) is not None:
            return []  # Keras's has no such argument, and would count them
        case TargetKind.CLASS | TargetKind.TOKENS:
            return ["accuracy"]
        case TargetKind.FLAGS:
            return [keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)]  # of logits
        case TargetKind.NUMBERS:
            return []
        case unknown:
            assert_never(unknown)


def _weighted(
    weight: float, flags: keras.KerasTensor, logits: keras.KerasTensor
) -> keras.KerasTensor:
    """Return the mean cross-entropy where a flag that is set counts ``weight`` times."""
    ops = keras.ops
    logits = ops.cast(logits, flags.dtype)
    of_one, of_zero = ops.softplus(-logits), ops.softplus(logits)
    return ops.mean(weight * flags * of_one + (1 - flags) * of_zero)


def _in_keras(
    loss: SoftmaxCrossEntropy, labels: keras.KerasTensor, logits: keras.KerasTensor
) -> keras.KerasTensor:
    """Compute the losses that Keras's sparse one has no argument for; it divides by samples."""
    ops, smoothing = keras.ops, loss.label_smoothing
    classes = ops.cast(ops.reshape(labels, (-1,)), "int32")  # `fit` makes them floats [batch, 1]
    wide = ops.cast(logits, keras.config.floatx())  # as Keras's own losses do
    losses = ops.sparse_categorical_crossentropy(classes, wide, from_logits=True)
    if smoothing:
        uniform = -ops.mean(ops.log_softmax(wide), -1)
        losses = (1 - smoothing) * losses + smoothing * uniform
    if loss.class_weights:
        losses *= ops.take(ops.convert_to_tensor(loss.class_weights, wide.dtype), classes)
    return ops.mean(losses)
