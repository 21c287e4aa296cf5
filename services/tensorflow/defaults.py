"""The defaults of TensorFlow and Keras, for jobs that use them: by their own code."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import DecayForm, Distribution, Execution, FanMode, OwnWay
from twinrun.contract.initializers import VarianceScaling, Zeros
from twinrun.contract.layers import Embedding
from twinrun.contract.spec import JobSpec

from services.keras import numbers
from services.keras.layers.names import held
from services.keras.model import users
from services.model import shapes
from services.model.own import Defaults, changed
from services.model.weights import Weights, initial, parameter_dtype
from services.tensorflow import optimizers


def as_it_does(spec: JobSpec) -> JobSpec:
    """Return the spec as changed by their own ways."""
    spec = optimizers.in_its_ways(spec)
    spec = changed(
        spec,
        Defaults(
            epsilon=numbers.epsilon,
            momentum=numbers.default(keras.layers.BatchNormalization, "momentum"),
            decay=DecayForm.DECOUPLED_TIMES_RATE,
            initializers={"kernel_initializer": VarianceScaling(), "bias_initializer": Zeros()},
            table=_table,
        ),
    )
    if OwnWay.JIT_COMPILE in spec.own_ways:
        spec = replace(spec, execution=Execution.COMPILED)
    return spec


def _table(layer: Embedding) -> VarianceScaling:
    """Return U(-0.05, 0.05), as Keras draws an embedding, whose fan in is its codes here."""
    return VarianceScaling(0.05**2 * layer.codes / 3, FanMode.IN, Distribution.UNIFORM)


def initial_weights(spec: JobSpec, shape: tuple[int, ...]) -> Weights:
    """Draw weights as Keras's layers do, for samples of ``shape`` [h, w, c].

    Or by the spec's own initialisers, which are then Keras's, and the shared generator.
    """
    if OwnWay.INITIAL_WEIGHTS not in spec.own_ways:
        return initial(spec.layers, shape, spec.seed, spec.precision)
    layers = spec.layers
    keras.utils.set_random_seed(spec.seed)
    _, made = users(layers, shape, parameter_dtype(spec.precision).name)
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
