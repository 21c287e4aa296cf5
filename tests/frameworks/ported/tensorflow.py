"""What a model of Keras computes, for tests of the corpus."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from tests.builders.ports import Learned, Port, values


@contextmanager
def _float64() -> Iterator[None]:
    usual = keras.config.floatx()
    keras.config.set_floatx("float64")
    keras.utils.clear_session(free_memory=False)  # layers are named as in a fresh process
    try:
        yield
    finally:
        keras.config.set_floatx(usual)


def learned(port: Port, build: Callable[[], keras.Model], count: int) -> Learned:
    """Return what the model computes and learns from ``count`` samples."""
    with _float64():
        keras.utils.set_random_seed(0)
        model = build()
        inputs = tf.constant(port.samples(count)[0])
        model(inputs)  # a subclassed model has no variables before
        variables = model.trainable_variables
        initial = [each.numpy() for each in variables]
        for each, value in zip(variables, values(initial), strict=True):
            each.assign(value)
        with tf.GradientTape() as tape:
            trained = _first(model(inputs, training=True))
            loss = tf.reduce_sum(tf.square(trained)) + sum(model.losses)
        gradients = tape.gradient(loss, [each.value for each in variables])
        return Learned(
            paths=frozenset(_paths(model, "")),
            initial=initial,
            trained=trained.numpy(),
            gradients=[
                np.zeros(1) if each is None else tf.convert_to_tensor(each).numpy()
                for each in gradients
            ],
            statistics=[
                each.numpy() for each in model.non_trainable_variables if each.dtype == "float64"
            ],
            evaluated=_first(model(inputs, training=False)).numpy(),
        )


def _first(made: tf.Tensor | list[tf.Tensor]) -> tf.Tensor:
    return made[0] if isinstance(made, list) else made


def _paths(layer: keras.Layer, path: str) -> Iterator[str]:
    yield path
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        yield from _paths(inner, f"{path}.{inner.name}" if path else inner.name)
