"""The model: as a function of its parameters, and as users of Keras build it."""

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, assert_never

import tensorflow as tf
from twinrun.contract.enums import Device, Execution
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Bidirectional,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    CustomDense,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool1d,
    GlobalAveragePool2d,
    GlobalMaxPool1d,
    GlobalMaxPool2d,
    GroupNorm,
    Gru,
    LastStep,
    Layer,
    LayerNorm,
    Leaf,
    Lstm,
    MaxPool2d,
    MultiHeadAttention,
    PositionEmbedding,
    RmsNorm,
    SinusoidalPositions,
    SpatialDropout2d,
    ToSequence,
    UpSampling2d,
    ZeroPadding2d,
)
from twinrun.contract.nesting import Place, leaves, through
from twinrun.contract.spec import JobSpec

from services.model import dropout, padding, shapes, sites
from services.model.weights import Weights
from services.tensorflow.layers import KINDS
from services.tensorflow.layers.given import Evaluating, Given, Training
from services.tensorflow.layers.norms import batch_norm
from services.trial import matched
from services.trial.matched import Held
from services.trial.model import Model


class Trained(Model[tf.Tensor], Protocol):
    """What steps train. ``state``: the variables that they change, besides the parameters."""

    @property
    def state(self) -> Sequence[tf.Variable]: ...

    def losses(self) -> Sequence[tf.Tensor]:
        """Return what the last `training_logits` adds to the loss."""


class LayersModel:
    """A `Trained` of a spec's layers, with ``weights`` in model order."""

    def __init__(
        self, spec: JobSpec, shape: tuple[int, ...], weights: Weights, products: tf.DType
    ) -> None:
        self._spec, self._products = spec, products
        self._variables = {name: tf.Variable(array) for name, array in weights.items()}
        self._held = matched.held(matched.trained(spec, shape), self._variables)
        self.parameters, self.state = self._held.trained, self._held.kept
        self.sites = sites.of_layers(spec.layers, shape)

    def training_logits(
        self, inputs: tf.Tensor, drawn: Mapping[str, tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        return training_logits(self._spec, self.parameters, inputs, self._products, drawn)

    def losses(self) -> Sequence[tf.Tensor]:
        return ()

    def logits(self, inputs: tf.Tensor) -> tf.Tensor:
        return logits(self._spec.layers, self._held, inputs, self._products)

    def keep(self, statistics: Sequence[tf.Tensor]) -> None:
        batch_norm.keep(self._spec.layers, self.state, statistics)

    def norms(self, gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        return [tf.norm(gradient) for gradient in gradients]

    def weights(self) -> Weights:
        return {name: variable.numpy().copy() for name, variable in self._variables.items()}


def logits(
    layers: Sequence[Layer],
    held: Held[tf.Variable],
    images: tf.Tensor,
    products: tf.DType,
) -> tf.Tensor:
    """Return logits [batch, classes] of ``images`` [batch, h, w, c], in the parameters' precision.

    If ``products`` is another dtype than theirs, inputs and kernels are cast to it, and each
    product is cast back before its bias is added.
    """
    counted = _counted(layers, images)
    given = Evaluating(products, iter(held.trained), iter(held.kept), counted)
    return _through(layers, images, given, Computed(given))


def training_logits(
    spec: JobSpec,
    parameters: Sequence[tf.Variable],
    images: tf.Tensor,
    products: tf.DType,
    drawn: Mapping[str, tf.Tensor],
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Return the `logits` of a step, and the batch's statistics, in the order of moving statistics.

    ``drawn``: by name, as in `services.trial.chunks.Chunk`, for this step.
    """
    masks = iter([drawn[name] for name in dropout.names(spec.layers)])
    compiled = spec.execution is Execution.COMPILED
    counted = _counted(spec.layers, images)
    given = Training(products, iter(parameters), masks, compiled, counted=counted)
    walk = Parts(given) if in_parts(spec) else Computed(given)
    return _through(spec.layers, images, given, walk), given.statistics


def _through(
    layers: Sequence[Layer], images: tf.Tensor, given: Given, walk: "Computed"
) -> tf.Tensor:
    made = through(shapes.trained_layers(layers), images, walk)
    if given.counted is None or len(made.shape) == 2:
        return made
    # What layers make of a padded step is nobody's, and not the same in all frameworks.
    return tf.where(given.counted[..., None], made, tf.zeros_like(made))


def _counted(layers: Sequence[Layer], codes: tf.Tensor) -> tf.Tensor | None:
    code = padding.code(layers)
    return None if code is None else tf.not_equal(codes, code)


def in_parts(spec: JobSpec) -> bool:
    """Return whether XLA compiles a step's parts between layers `by_kernel`, and not the whole.

    On a CPU its convolutions took twice as long as TensorFlow's kernels, and twenty times as long
    inside a loop. The user's code may have any, and is one part.
    """
    compiled = spec.execution is Execution.COMPILED
    kernels = spec.code is not None or any(map(by_kernel, leaves(spec.layers)))
    return compiled and spec.device is Device.CPU and kernels


def by_kernel(layer: Leaf) -> bool:
    """Return whether TensorFlow has a kernel for the layer that XLA does not match on a CPU."""
    match layer:
        case Conv1d() | Conv2d() | Conv2dTranspose():
            return True
        case AveragePool2d() | GlobalMaxPool2d():
            return True
        case MaxPool2d(size, stride):
            return size != stride
        case Activation() | CustomDense() | Dense() | Dropout() | Embedding() | Flatten():
            return False
        case SpatialDropout2d():
            return False
        case GlobalAveragePool1d() | GlobalAveragePool2d() | UpSampling2d() | ZeroPadding2d():
            return False
        case BatchNorm() | GroupNorm() | LayerNorm() | RmsNorm():
            return False
        case Lstm() | Gru() | Bidirectional() | LastStep() | ToSequence() | GlobalMaxPool1d():
            return False
        case PositionEmbedding() | SinusoidalPositions() | MultiHeadAttention():
            return False
        case _:
            assert_never(layer)


class Computed:
    """A `Walk` that computes the output of a matched job."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def run(self, leaves: Sequence[tuple[Place, Leaf]], x: tf.Tensor) -> tf.Tensor:
        return _one_by_one([leaf for _, leaf in leaves], x, self._given)

    def total(self, _: Place, made: tf.Tensor, shortcut: tf.Tensor) -> tf.Tensor:
        return made + shortcut

    def beside(self, _: Place, made: Sequence[tf.Tensor]) -> tf.Tensor:
        return tf.concat(made, -1)


class Parts(Computed):
    """As `Computed`, with XLA between the layers `by_kernel`, recurrent ones, sums and concats."""

    def __init__(self, given: Training) -> None:
        super().__init__(given)
        self._training = given

    def run(self, leaves: Sequence[tuple[Place, Leaf]], x: tf.Tensor) -> tf.Tensor:
        for kernels, part in itertools.groupby((leaf for _, leaf in leaves), _outside):
            if kernels:
                x = _one_by_one(list(part), x, self._training)
            else:
                run = functools.partial(_with_statistics, list(part), self._training)
                x, statistics = tf.function(run, autograph=False, jit_compile=True)(x)
                self._training.statistics.extend(statistics)
        return x


def _outside(layer: Leaf) -> bool:
    """Return whether XLA compiles no part with the layer: a loop's gradient needs its records."""
    return by_kernel(layer) or isinstance(layer, Lstm | Gru | Bidirectional)


def _one_by_one(layers: Sequence[Leaf], x: tf.Tensor, given: Given) -> tf.Tensor:
    for layer in layers:
        x = KINDS[type(layer)].computed(layer, x, given)
    return x


def _with_statistics(
    layers: Sequence[Leaf], given: Training, x: tf.Tensor
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Return the output for ``x`` and the statistics of ``layers``: all that leaves a graph."""
    given = replace(given, statistics=[])
    return _one_by_one(layers, x, given), given.statistics


def details(losses: tf.Tensor, accuracy: tf.Tensor, norms: Sequence[tf.Tensor]) -> tf.Tensor:
    """Return a step's details after its loss, as `steps_taken` expects: [2 + parameters].

    ``losses`` [batch] and ``accuracy`` are those of `services.tensorflow.losses`, ``norms`` those
    of the model.
    """
    places = tf.cast(tf.range(1, tf.size(losses) + 1), losses.dtype)
    ordered = tf.reduce_sum(losses * places) / tf.reduce_sum(places)
    return tf.stack([ordered, accuracy, *norms])
