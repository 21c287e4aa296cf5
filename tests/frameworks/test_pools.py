"""TensorFlow's plain pooling, which XLA compiles, against its kernel."""

import numpy as np
import pytest

from tests.frameworks import jobs


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("shape", [(3, 6, 6, 2), (2, 7, 8, 1)])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_plain_pooling_and_its_gradient_are_the_kernels_to_the_last_bit(name, size, shape, kind):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")
    import tensorflow as tf  # noqa: PLC0415 - whichever is there

    from services.tensorflow import device  # noqa: PLC0415
    from services.tensorflow.layers.pools import max_pool2d  # noqa: PLC0415

    device.prepare(jobs.spec())  # the threads of all tests in this process
    generator = np.random.default_rng(3)
    x = tf.constant(generator.integers(-1, 2, shape).astype(kind))  # many equal values

    def pooled(pool):
        with tf.GradientTape() as tape:
            tape.watch(x)
            largest = pool(x)
        weights = tf.reshape(tf.range(1, tf.size(largest) + 1), tf.shape(largest))
        return largest, tape.gradient(largest, x, tf.cast(weights, x.dtype))

    for jit in (False, True):
        plain = tf.function(lambda: pooled(lambda x: max_pool2d._plainly(x, size)), jit_compile=jit)
        kernel = pooled(lambda x: tf.nn.max_pool2d(x, size, size, "VALID"))
        for ours, theirs in zip(plain(), kernel, strict=True):
            np.testing.assert_array_equal(ours, theirs)
