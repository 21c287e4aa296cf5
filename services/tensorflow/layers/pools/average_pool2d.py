"""AveragePool2d: the mean of each channel over each window of an image."""

import tensorflow as tf
from twinrun.contract.layers import AveragePool2d

from services.tensorflow.layers.given import Given


def computed(layer: AveragePool2d, x: tf.Tensor, _: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`."""
    return tf.nn.avg_pool2d(x, layer.size, layer.stride, "VALID")
