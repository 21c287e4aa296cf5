"""What TensorFlow and Keras do by default, where a job lets them: by their own code."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Execution, OwnWay
from twinrun.contract.layers import Layer
from twinrun.contract.optimizers import Adam, AdamW
from twinrun.contract.spec import JobSpec

from services.model import layers as shapes
from services.model.weights import Weights
from services.trial import matched

Plan = tuple[NDArray[np.float64], NDArray[np.float64]]


def as_it_does(spec: JobSpec) -> JobSpec:
    """The spec with what their own ways change of it."""
    if OwnWay.JIT_COMPILE in spec.own_ways:
        spec = replace(spec, execution=Execution.COMPILED)
    return spec


def plan(spec: JobSpec, first: int, steps: int) -> Plan:
    """Rates and epsilons of steps, as `services.trial.matched.schedule`, or with Keras's epsilon.

    Keras adds its epsilon before the bias correction: it is the same at every step.
    """
    rates, epsilons = matched.schedule(spec.optimizer, first, steps)
    if OwnWay.ADAM_EPSILON in spec.own_ways and isinstance(spec.optimizer.kind, Adam | AdamW):
        import keras  # noqa: PLC0415 - takes a while, and a matched job does without

        made = getattr(keras.optimizers, type(spec.optimizer.kind).__name__)()
        epsilons = np.full(steps, made.epsilon)
    return rates, epsilons


def initial_weights(
    layers: Sequence[Layer], shape: tuple[int, ...], seed: int, dtype: np.dtype[np.floating]
) -> Weights:
    """As Keras's layers draw them, for samples of ``shape`` [h, w, c]."""
    import keras  # noqa: PLC0415 - as above

    from services.tensorflow import layers as own_layers  # noqa: PLC0415 - imports Keras

    keras.utils.set_random_seed(seed)
    _, made = own_layers.sequential(layers, shape, dtype.name)
    return {
        parameter.name: own_layers.held(made, parameter.name).numpy()
        for parameter in shapes.parameters(layers, shape)
    }


def permutation(seed: int, epoch: int, samples: int) -> NDArray[np.int32]:
    """Sample indices of an epoch, int32[samples], as `tf.data` shuffles a whole data set."""
    shuffled = tf.data.Dataset.range(samples, output_type=tf.int32).shuffle(
        samples, seed=seed * 10_007 + epoch
    )
    found: NDArray[np.int32] = next(iter(shuffled.batch(samples))).numpy()
    return found
