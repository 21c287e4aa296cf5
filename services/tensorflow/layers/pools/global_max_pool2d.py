"""GlobalMaxPool2d: the largest value of each channel of an image."""

import tensorflow as tf
from twinrun.contract.layers import GlobalMaxPool2d

from services.tensorflow.layers.given import Given


def computed(_: GlobalMaxPool2d, x: tf.Tensor, __: Given) -> tf.Tensor:
    """Implement `services.tensorflow.layers.Kind`: of equal values the first counts."""
    height, width, channels = x.shape[1:]
    made = tf.nn.max_pool2d(x, [height, width], [height, width], "VALID")
    return tf.reshape(made, [-1, channels])
