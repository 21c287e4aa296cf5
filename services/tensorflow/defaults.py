"""The defaults of TensorFlow and Keras, for jobs that use them: by their own code."""

import inspect
from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import DecayForm, Execution, OwnWay
from twinrun.contract.layers import BatchNorm, GroupNorm, Layer, LayerNorm, RmsNorm
from twinrun.contract.norms import Norm
from twinrun.contract.spec import JobSpec

from services.model import shapes
from services.model.own import changed
from services.model.weights import Weights
from services.tensorflow import model, optimizers
from services.tensorflow.layers.names import held


def as_it_does(spec: JobSpec) -> JobSpec:
    """Return the spec as changed by their own ways."""
    spec = optimizers.in_its_ways(spec)
    spec = changed(spec, _epsilon, DecayForm.DECOUPLED_TIMES_RATE)
    if OwnWay.JIT_COMPILE in spec.own_ways:
        spec = replace(spec, execution=Execution.COMPILED)
    return spec


def _epsilon(layer: Norm) -> float:
    """Return the default of Keras's layer."""
    layers: dict[type, type[keras.layers.Layer]] = {
        BatchNorm: keras.layers.BatchNormalization,
        LayerNorm: keras.layers.LayerNormalization,
        GroupNorm: keras.layers.GroupNormalization,
        RmsNorm: keras.layers.RMSNormalization,
    }
    return float(inspect.signature(layers[type(layer)]).parameters["epsilon"].default)


def initial_weights(
    layers: Sequence[Layer], shape: tuple[int, ...], seed: int, dtype: np.dtype[np.floating]
) -> Weights:
    """Draw weights as Keras's layers do, for samples of ``shape`` [h, w, c]."""
    keras.utils.set_random_seed(seed)
    _, made = model.users(layers, shape, dtype.name)
    return {
        parameter.name: held(made, parameter.name).numpy()
        for parameter in shapes.parameters(layers, shape)
    }


def permutation(seed: int, epoch: int, samples: int) -> NDArray[np.int32]:
    """Return sample indices of an epoch, int32[samples], as `tf.data` shuffles a whole dataset."""
    shuffled = tf.data.Dataset.range(samples, output_type=tf.int32).shuffle(
        samples, seed=seed * 10_007 + epoch
    )
    found: NDArray[np.int32] = next(iter(shuffled.batch(samples))).numpy()
    return found
