"""The machine's peak rates, with JAX's own kernels."""

from functools import partial

import jax
import jax.numpy as jnp
from twinrun.contract.events import MachineMeasured
from twinrun.contract.spec import JobSpec

from services.jax import device
from services.trial.best_rate import ELEMENTS, SIDE, best_rate


def measure(spec: JobSpec) -> MachineMeasured:
    """Measure with the device, precision and threads of ``spec``. Raises DeviceUnavailable."""
    where = device.prepare(spec)
    dtype = jnp.dtype(device.PRODUCTS[spec.precision])
    side, elements = SIDE[spec.device], ELEMENTS[spec.device]
    last: list[jax.Array] = []

    def enqueue(run: partial[jax.Array]) -> None:
        last[:] = [run()]

    def best(run: partial[jax.Array], amount: float) -> float:
        return best_rate(
            partial(enqueue, run), lambda: jax.block_until_ready(last), amount, spec.device
        )

    with jax.default_device(where):
        key = jax.random.key(0)
        square, long = (
            jax.random.uniform(key, shape).astype(dtype) for shape in ((side, side), (elements,))
        )
        return MachineMeasured(
            operations_per_second=best(partial(jax.jit(jnp.matmul), square, square), 2 * side**3),
            bytes_per_second=best(
                partial(jax.jit(jnp.add), long, long + 1), 3 * elements * dtype.itemsize
            ),
        )
