"""What a model of code finds replaced in Keras while it is built or runs, and at no other time.

Keras's random numbers give way to masks, constants that it computes in float32 to precise ones,
and batch norm to the formula of `services.tensorflow.layers.norms.batch_norm`: Keras sums one value
after the other, which costs float32 four digits where images have a plain background.
"""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from keras.src.backend.tensorflow import nn as keras_nn
from keras.src.backend.tensorflow import random as keras_random
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell
from numpy.typing import NDArray
from tensorflow.python.ops import math_ops
from twinrun.contract.enums import Precision, Recipe
from twinrun.contract.layers import BatchNorm
from twinrun.contract.spec import JobSpec

from services.errors import Unsupported
from services.keras.model import POLICIES
from services.tensorflow.layers.norms import batch_norm

# An input [batch, ...], the rate, and the shape of the mask if it is not the input's.
Dropout = Callable[[tf.Tensor, float, Sequence[int | None] | None], tf.Tensor]

_NOISES = (
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.AlphaDropout,
)
_NAMES = "object_name_uids"  # Keras's counters of layers' names


class World:
    """Keras as one model of code finds it. Its layers are named as in a fresh process.

    ``widens``: in a matched job of float64, a cast to float32 is one to float64. A norm that casts
    wants more digits than 16 bits have, not fewer than its input has.
    """

    def __init__(self, spec: JobSpec, *, widens: bool = True) -> None:
        matched = spec.recipe is Recipe.MATCHED
        self.widens = widens and matched and spec.precision is Precision.FLOAT64
        passes = spec.code is not None and spec.code.without_dropout
        # What is idiomatic runs with nothing replaced, except that its arrays are looked at.
        self._without_dropout = passes or spec.recipe is Recipe.IDIOMATIC
        self._precision = spec.precision
        self._layout = keras.config.image_data_format()
        self._names: defaultdict[str, int] = defaultdict(int)

    @contextlib.contextmanager
    def idiomatic(self) -> Iterator[None]:
        """Enter it with nothing replaced but its settings."""
        floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
        layout = keras.config.image_data_format()
        names = global_state.get_global_attribute(_NAMES)
        keras.config.set_floatx("float64" if self._precision is Precision.FLOAT64 else "float32")
        keras.config.set_dtype_policy(POLICIES[self._precision])
        keras.config.set_image_data_format(self._layout)
        global_state.set_global_attribute(_NAMES, self._names)
        try:
            yield
        finally:
            self._layout = keras.config.image_data_format()  # which the user's code may have set
            keras.config.set_floatx(floatx)
            keras.config.set_dtype_policy(policy)
            keras.config.set_image_data_format(layout)
            global_state.set_global_attribute(_NAMES, names)

    @contextlib.contextmanager
    def matched(self, dropout: Dropout) -> Iterator[None]:
        """Enter it with all replaced; ``dropout`` stands for every one with a rate above 0."""
        with self.idiomatic(), contextlib.ExitStack() as stack:
            for owner, name, new in self._replacements(dropout):
                stack.enter_context(_replaced(owner, name, new))
            stack.enter_context(_inlined())
            yield

    def _replacements(self, dropout: Dropout) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
        yield keras_random, "dropout", _without if self._without_dropout else _by(dropout)
        drawn = _ones if self._without_dropout else _refused_in_cell
        yield DropoutRNNCell, "_create_dropout_mask", drawn
        for layer in _NOISES:
            yield layer, "call", _silent if self._without_dropout else _refused(layer.call)
        for owner in (math_ops, tf):
            yield owner, "cast", _precise_cast(tf.cast, widens=self.widens)
        if self._precision is Precision.FLOAT64:
            yield keras_nn, "leaky_relu", _leaky_relu
            yield tf.image, "resize", _resize(tf.image.resize)
        original = keras.layers.BatchNormalization.call
        yield keras.layers.BatchNormalization, "call", _batch_norm(original)


def untouched(x: tf.Tensor, _: float, __: Sequence[int | None] | None) -> tf.Tensor:
    """Be a `Dropout` that drops nothing, for a model that is being built."""
    return x


def evaluated(*_: object) -> tf.Tensor:
    """Be a `Dropout` of an evaluation, where it has nothing to drop. Raises Unsupported."""
    raise Unsupported(
        "The model drops values in evaluation too: call dropout with training=training, or verify "
        "the rest without dropout",
        field="code.tensorflow",
    )


@contextlib.contextmanager
def _inlined() -> Iterator[None]:
    """Run the user's own graphs as part of what runs: kept, they would keep their masks."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


@contextlib.contextmanager
def _replaced(owner: Any, name: str, new: Callable[..., Any]) -> Iterator[None]:
    old = getattr(owner, name)
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, old)


def _by(dropout: Dropout) -> Callable[..., tf.Tensor]:
    def dropped(
        inputs: tf.Tensor, rate: float, noise_shape: Any = None, seed: object = None
    ) -> tf.Tensor:
        del seed
        if rate == 0:
            return inputs
        return dropout(inputs, float(rate), noise_shape)

    return dropped


def _without(inputs: tf.Tensor, rate: float, noise_shape: Any = None, seed: object = None) -> Any:
    del rate, noise_shape, seed
    return inputs


def _silent(_: keras.layers.Layer, inputs: tf.Tensor, training: object = None) -> tf.Tensor:
    del training
    return inputs


def _ones(cell: Any, step_input: tf.Tensor, _: float) -> Any:
    count = getattr(cell, "dropout_mask_count", None)
    ones = tf.ones_like(step_input)
    return ones if count is None else [ones] * count


def _refused(original: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    def refused(layer: keras.layers.Layer, inputs: tf.Tensor, training: Any = False) -> tf.Tensor:
        if training:
            raise Unsupported(
                f"{layer.name} is a {type(layer).__name__}, whose random numbers cannot be the "
                "same in another framework; remove it, or set code.without_dropout",
                field="code.tensorflow",
            )
        return original(layer, inputs, training=training)

    return refused


def _refused_in_cell(cell: Any, *_: object) -> Any:
    raise Unsupported(
        f"{cell.name} is a {type(cell).__name__} with dropout or recurrent_dropout, which drops "
        "within the recurrence, where no mask can be given; use a Dropout layer beside it, or "
        "set code.without_dropout",
        field="code.tensorflow",
    )


def _precise_cast(original: Callable[..., tf.Tensor], *, widens: bool) -> Callable[..., tf.Tensor]:
    """Return TensorFlow's cast, which otherwise makes a Python number float32 on its way."""

    def cast(x: Any, dtype: Any, name: str | None = None) -> tf.Tensor:
        if isinstance(x, float) and tf.as_dtype(dtype) == tf.float64:
            return tf.constant(x, tf.float64)
        if widens and tf.as_dtype(dtype) == tf.float32:
            dtype = tf.float64
        return original(x, dtype, name=name)

    return cast


def _leaky_relu(x: Any, negative_slope: float = 0.2) -> tf.Tensor:
    """Compute it in the input's precision; TensorFlow's kernel takes its slope in float32."""
    x = tf.convert_to_tensor(x)
    return tf.where(x > 0, x, x * tf.constant(negative_slope, x.dtype))


def _resize(original: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """Return TensorFlow's, bilinear in float64; it interpolates in float32 whatever it is given."""

    def resize(
        images: tf.Tensor, size: Sequence[int], method: str = "bilinear", **how: Any
    ) -> tf.Tensor:
        images = tf.convert_to_tensor(images)
        known = images.dtype == tf.float64 and None not in images.shape[1:3]
        if method != "bilinear" or any(how.values()) or images.shape.rank != 4 or not known:
            return original(images, size, method, **how)
        down, along = map(_interpolation, images.shape[1:3], map(int, size))
        return tf.einsum("qw,bpwc->bpqc", along, tf.einsum("ph,bhwc->bpwc", down, images))

    return resize


def _interpolation(given: int, wanted: int) -> NDArray[np.float64]:
    """Return the weights [wanted, given] between neighbours, whose centres are half a step in."""
    places = (np.arange(wanted) + 0.5) * given / wanted - 0.5
    distances = np.abs(places.clip(0, given - 1)[:, None] - np.arange(given))
    weights: NDArray[np.float64] = np.maximum(1 - distances, 0)
    return weights


def _batch_norm(original: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    def call(
        layer: keras.layers.BatchNormalization,
        inputs: tf.Tensor,
        training: Any = None,
        mask: tf.Tensor | None = None,
    ) -> tf.Tensor:
        plain = mask is None and not layer.renorm and not layer.synchronized
        plain = plain and bool(training) and layer.trainable
        if not (plain and inputs.dtype in (tf.float32, tf.float64)):
            return original(layer, inputs, training=training, mask=mask)
        return _by_formula(layer, inputs)

    return call


def _by_formula(layer: keras.layers.BatchNormalization, inputs: tf.Tensor) -> tf.Tensor:
    """Normalise by the batch, and move the layer's statistics."""
    rank = inputs.shape.rank
    axis = layer.axis % rank
    last = [*(each for each in range(rank) if each != axis), axis]
    x = tf.transpose(inputs, last)
    channels = x.shape[-1]
    # The formula knows [batch, channels] and [batch, h, w, channels].
    shape = tf.shape(x)
    if rank > 2:
        x = tf.reshape(x, [shape[0], -1, shape[-2], channels])
    ones, zeros = tf.ones([channels], x.dtype), tf.zeros([channels], x.dtype)
    gamma = tf.convert_to_tensor(layer.gamma) if layer.scale else ones
    beta = tf.convert_to_tensor(layer.beta) if layer.center else zeros
    spec = BatchNorm(momentum=layer.momentum, epsilon=layer.epsilon)
    # As in what is compiled: TensorFlow's kernel for images sums no better than Keras.
    normalised, mean, variance = batch_norm.by_batch(spec, x, gamma, beta, compiled=True)
    for moving, found in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        moving.assign(layer.momentum * moving + (1 - layer.momentum) * found)
    back = sorted(range(rank), key=last.__getitem__)
    return tf.ensure_shape(tf.transpose(tf.reshape(normalised, shape), back), inputs.shape)
