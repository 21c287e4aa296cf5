"""The model as a function of its parameters, and its loss."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, assert_never

import tensorflow as tf
from twinrun.contract.enums import ActivationFunction, Execution, Loss, OwnWay
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    CustomDense,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
)
from twinrun.contract.spec import JobSpec

from services.model import dropout
from services.model.layers import trained_layers
from services.tensorflow import batch_norm
from services.trial.matched import Held


def _gelu(x: tf.Tensor) -> tf.Tensor:
    """Exact; `tf.nn.gelu` takes the square root of 2 in float32, also for float64."""
    root = tf.constant(math.sqrt(2), x.dtype)
    return 0.5 * x * (1 + tf.math.erf(x / root))


_ACTIVATIONS = {
    ActivationFunction.RELU: tf.nn.relu,
    ActivationFunction.TANH: tf.math.tanh,
    ActivationFunction.SIGMOID: tf.math.sigmoid,
    ActivationFunction.GELU: _gelu,
}


def logits(
    layers: Sequence[Layer],
    held: Held[tf.Variable],
    images: tf.Tensor,
    products: tf.DType,
) -> tf.Tensor:
    """Logits [batch, classes] of ``images`` [batch, h, w, c], in the parameters' precision.

    Where ``products`` is another dtype than theirs, inputs and kernels are cast to it, and each
    product is cast back before its bias is added.
    """
    return _through(layers, held.trained, images, products, _Evaluating(iter(held.kept)))


def training_logits(
    spec: JobSpec,
    parameters: Sequence[tf.Variable],
    images: tf.Tensor,
    products: tf.DType,
    drawn: Mapping[str, tf.Tensor],
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """`logits` as a step has them, and the batch's statistics, in the order of what is kept.

    ``drawn``: by name, as in `services.trial.chunks.Chunk`, for this step.
    """
    how = _Training(drawn, compiled=spec.execution is Execution.COMPILED)
    return _through(spec.layers, parameters, images, products, how), how.statistics


def keep(
    layers: Sequence[Layer], kept: Sequence[tf.Variable], statistics: Sequence[tf.Tensor]
) -> None:
    """Moves what is ``kept`` towards a batch's statistics, in place."""
    momenta = [layer.momentum for layer in layers if isinstance(layer, BatchNorm) for _ in range(2)]
    for moving, batch, momentum in zip(kept, statistics, momenta, strict=True):
        moving.assign(momentum * moving + (1 - momentum) * batch)


class _How(Protocol):
    """What layers do that are not the same in training and in evaluation."""

    def normalise(
        self, layer: BatchNorm, x: tf.Tensor, gamma: tf.Variable, beta: tf.Variable
    ) -> tf.Tensor: ...

    def drop(self, index: int, layer: Dropout, x: tf.Tensor) -> tf.Tensor: ...


@dataclass(frozen=True, slots=True)
class _Evaluating:
    """``kept``: moving statistics in model order."""

    kept: Iterator[tf.Variable]

    def normalise(
        self, layer: BatchNorm, x: tf.Tensor, gamma: tf.Variable, beta: tf.Variable
    ) -> tf.Tensor:
        moving = next(self.kept), next(self.kept)
        return batch_norm.by_moving(layer, x, gamma, beta, moving=moving)

    def drop(self, index: int, layer: Dropout, x: tf.Tensor) -> tf.Tensor:  # noqa: ARG002
        return x


@dataclass(frozen=True, slots=True)
class _Training:
    """``statistics``: those of the batch, in model order. ``compiled``: by XLA."""

    drawn: Mapping[str, tf.Tensor]
    compiled: bool
    statistics: list[tf.Tensor] = field(default_factory=list)

    def normalise(
        self, layer: BatchNorm, x: tf.Tensor, gamma: tf.Variable, beta: tf.Variable
    ) -> tf.Tensor:
        normalised, *found = batch_norm.by_batch(layer, x, gamma, beta, compiled=self.compiled)
        self.statistics.extend(found)
        return normalised

    def drop(self, index: int, layer: Dropout, x: tf.Tensor) -> tf.Tensor:
        return x * (tf.cast(self.drawn[dropout.name(index)], x.dtype) * dropout.scale(layer))


def _through(
    layers: Sequence[Layer],
    parameters: Sequence[tf.Variable],
    images: tf.Tensor,
    products: tf.DType,
    how: _How,
) -> tf.Tensor:
    left = iter(parameters)
    x = images
    for index, layer in enumerate(trained_layers(layers)):
        match layer:
            case Flatten():
                x = tf.reshape(x, (-1, x.shape[1:].num_elements()))
            case Dense():
                x = _dense(x, next(left), next(left) if layer.use_bias else None, products)
            case CustomDense():
                kernel, bias = (next(left), next(left))
                product = tf.matmul(tf.cast(x, products), tf.cast(kernel, products))
                x = tf.cast(product, bias.dtype) + bias  # as one writes it, without bias_add
            case Activation(function):
                x = _ACTIVATIONS[function](x)
            case Conv2d():
                kernel, bias = next(left), next(left) if layer.use_bias else None
                x = _conv2d(layer, x, kernel, bias, products)
            case BatchNorm():
                x = how.normalise(layer, x, next(left), next(left))
            case Dropout():
                x = how.drop(index, layer, x)
            case MaxPool2d() | AveragePool2d():
                pool = tf.nn.max_pool2d if isinstance(layer, MaxPool2d) else tf.nn.avg_pool2d
                x = pool(x, layer.size, layer.stride, "VALID")
            case _:
                assert_never(layer)
    return x


def _conv2d(
    layer: Conv2d, x: tf.Tensor, kernel: tf.Variable, bias: tf.Variable | None, products: tf.DType
) -> tf.Tensor:
    # Never by conv2d's explicit padding, with which it took twice as long, even by no pixels.
    padding = "VALID"
    if layer.stride == 1 and layer.size == 2 * layer.padding + 1:
        padding = "SAME"  # which pads alike on all sides here
    elif layer.padding:
        x = tf.pad(x, [[0, 0], [layer.padding] * 2, [layer.padding] * 2, [0, 0]])
    product = tf.nn.conv2d(tf.cast(x, products), tf.cast(kernel, products), layer.stride, padding)
    return _with_bias(tf.cast(product, kernel.dtype), bias)


def _dense(
    x: tf.Tensor, kernel: tf.Variable, bias: tf.Variable | None, products: tf.DType
) -> tf.Tensor:
    product = tf.matmul(tf.cast(x, products), tf.cast(kernel, products))
    return _with_bias(tf.cast(product, kernel.dtype), bias)


def _with_bias(x: tf.Tensor, bias: tf.Variable | None) -> tf.Tensor:
    return x if bias is None else tf.nn.bias_add(x, bias)


def details(
    losses: tf.Tensor, logits: tf.Tensor, labels: tf.Tensor, gradients: Sequence[tf.Tensor]
) -> tf.Tensor:
    """What `services.trial.matched.steps_taken` wants of a step after its loss: [2 + parameters].

    ``losses`` [batch]: of each sample, by `losses_of`.
    """
    places = tf.cast(tf.range(1, tf.size(losses) + 1), losses.dtype)
    ordered = tf.reduce_sum(losses * places) / tf.reduce_sum(places)
    norms = [tf.norm(gradient) for gradient in gradients]
    return tf.stack([ordered, accuracy(logits, labels), *norms])


def accuracy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Of a batch, 0 to 1."""
    right = tf.argmax(logits, 1, labels.dtype) == labels
    return tf.reduce_mean(tf.cast(right, logits.dtype))


# Of logits [batch, classes] and labels [batch].
LossFunction = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def loss_of(spec: JobSpec) -> LossFunction:
    """Return the function of a batch's loss: the mean over its samples."""
    match spec.loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            return _from_probabilities if OwnWay.LOSS in spec.own_ways else _from_logits
        case _:
            assert_never(spec.loss)


def losses_of(spec: JobSpec) -> LossFunction:
    """Return the function of each sample's loss, [batch]; own ways do not change it."""
    match spec.loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            return _cross_entropies
        case _:
            assert_never(spec.loss)


def _cross_entropies(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def _from_logits(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(_cross_entropies(logits, labels))


def _from_probabilities(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Of a model that ends in softmax: in a graph, Keras finds the logits behind it."""
    import keras  # noqa: PLC0415 - takes a while, and a matched job does without

    losses = keras.losses.sparse_categorical_crossentropy(labels, tf.nn.softmax(logits))
    return tf.reduce_mean(losses)
