"""The machine's peak rates, with TensorFlow's own kernels."""

from collections.abc import Callable
from functools import partial

import tensorflow as tf
from twinrun.contract.events import MachineMeasured
from twinrun.contract.spec import JobSpec

from services.tensorflow import device
from services.trial.best_rate import CALLS, ELEMENTS, SIDE, best_rate


def measure(spec: JobSpec) -> MachineMeasured:
    """Measure with the device, precision and threads of ``spec``. Raises DeviceUnavailable."""
    where = device.prepare(spec)
    dtype = device.PRODUCTS[spec.precision]
    side, elements = SIDE[spec.device], ELEMENTS[spec.device]

    def best(run: Callable[[], object], amount: float) -> float:
        return best_rate(run, tf.test.experimental.sync_devices, amount, spec.device)

    with tf.device(where):
        a, b = (tf.cast(tf.random.uniform((side, side)), dtype) for _ in range(2))
        x, y = (tf.cast(tf.random.uniform((elements,)), dtype) for _ in range(2))
        one, other = (tf.cast(tf.random.uniform((1, 1)), dtype) for _ in range(2))

        def chain(x: tf.Tensor) -> tf.Tensor:
            for _ in range(CALLS):
                x = tf.matmul(x, other)
            return x

        return MachineMeasured(
            operations_per_second=best(partial(tf.matmul, a, b), 2 * side**3),
            bytes_per_second=best(partial(tf.add, x, y), 3 * elements * dtype.size),
            calls_per_second=best(partial(tf.function(chain), one), CALLS),
        )
