"""UpSampling2d: an image of several times the height and width."""

from typing import assert_never

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Interpolation
from twinrun.contract.layers import UpSampling2d

from services.tensorflow.layers.given import Given


def computed(layer: UpSampling2d, x: tf.Tensor, _: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    height, width, channels = x.shape[1:]
    match layer.interpolation:
        case Interpolation.NEAREST:
            factor = layer.factor
            several = tf.tile(x[:, :, None, :, None], [1, 1, factor, 1, factor, 1])
            return tf.reshape(several, [-1, factor * height, factor * width, channels])
        case Interpolation.BILINEAR:  # TensorFlow's own resize computes in float32
            down, across = (_weights(side, layer.factor) for side in (height, width))
            rows = tf.einsum("ph,bhwc->bpwc", tf.constant(down, x.dtype), x)
            return tf.einsum("qw,bpwc->bpqc", tf.constant(across, x.dtype), rows)
        case _:
            assert_never(layer.interpolation)


def _weights(side: int, factor: int) -> NDArray[np.float64]:
    """Return what each pixel of a ``side`` weighs in each of the larger one: [larger, side]."""
    at = np.clip((np.arange(factor * side) + 0.5) / factor - 0.5, 0, side - 1)
    found: NDArray[np.float64] = np.maximum(1 - np.abs(at[:, None] - np.arange(side)), 0)
    return found
