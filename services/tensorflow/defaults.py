"""What TensorFlow and Keras do by default, where a job lets them: by their own code."""

from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Execution, OwnWay
from twinrun.contract.layers import Layer
from twinrun.contract.spec import JobSpec

from services.model import shapes
from services.model.weights import Weights
from services.tensorflow import model


def as_it_does(spec: JobSpec) -> JobSpec:
    """The spec with what their own ways change of it."""
    if OwnWay.JIT_COMPILE in spec.own_ways:
        spec = replace(spec, execution=Execution.COMPILED)
    return spec


def initial_weights(
    layers: Sequence[Layer], shape: tuple[int, ...], seed: int, dtype: np.dtype[np.floating]
) -> Weights:
    """As Keras's layers draw them, for samples of ``shape`` [h, w, c]."""
    keras.utils.set_random_seed(seed)
    _, made = model.sequential(layers, shape, dtype.name)
    return {
        parameter.name: model.held(made, parameter.name).numpy()
        for parameter in shapes.parameters(layers, shape)
    }


def permutation(seed: int, epoch: int, samples: int) -> NDArray[np.int32]:
    """Sample indices of an epoch, int32[samples], as `tf.data` shuffles a whole data set."""
    shuffled = tf.data.Dataset.range(samples, output_type=tf.int32).shuffle(
        samples, seed=seed * 10_007 + epoch
    )
    found: NDArray[np.int32] = next(iter(shuffled.batch(samples))).numpy()
    return found
