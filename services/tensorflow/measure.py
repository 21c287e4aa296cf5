"""The machine's peak rates, with TensorFlow's own kernels."""

import tensorflow as tf
from twinrun.contract.events import MachineMeasured
from twinrun.contract.spec import JobSpec

from services.tensorflow import device
from services.trial.best_rate import ELEMENTS, SIDE, best_rate


def measure(spec: JobSpec) -> MachineMeasured:
    """Measure with the device, precision and threads of ``spec``. Raises DeviceUnavailable."""
    where = device.prepare(spec)
    dtype = device.PRODUCTS[spec.precision]
    side = SIDE[spec.device]
    with tf.device(where):
        a, b = (tf.cast(tf.random.uniform((side, side)), dtype) for _ in range(2))
        x, y = (tf.cast(tf.random.uniform((ELEMENTS,)), dtype) for _ in range(2))

        def multiply() -> None:
            _await(tf.matmul(a, b))

        def add() -> None:
            _await(tf.add(x, y))

        return MachineMeasured(
            operations_per_second=best_rate(multiply, 2 * side**3),
            bytes_per_second=best_rate(add, 3 * ELEMENTS * dtype.size),
        )


def _await(tensor: tf.Tensor) -> None:
    """Wait until the device has computed the tensor."""
    tf.reshape(tensor, [-1])[0].numpy()
