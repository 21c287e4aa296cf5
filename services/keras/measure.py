"""The machine's peak rates, as Keras's own operations reach them on its backend."""

from collections.abc import Callable
from functools import partial

import keras
from twinrun.contract.enums import Precision
from twinrun.contract.events import MachineMeasured
from twinrun.contract.spec import JobSpec

from services.trial.best_rate import CALLS, ELEMENTS, SIDE, best_rate

_DTYPES = {
    Precision.FLOAT32: "float32",
    Precision.FLOAT64: "float64",
    Precision.BFLOAT16: "bfloat16",
    Precision.FLOAT16: "float16",
}


def measured(spec: JobSpec) -> MachineMeasured:
    """Measure with the precision of ``spec``, on what a backend has been prepared for."""
    dtype, ops = _DTYPES[spec.precision], keras.ops
    side, elements = SIDE[spec.device], ELEMENTS[spec.device]
    last: list[keras.KerasTensor] = []

    def enqueue(run: Callable[[], keras.KerasTensor]) -> None:
        last[:] = [run()]

    def wait() -> None:
        ops.convert_to_numpy(ops.ravel(last[0])[:1])  # one value: what it waits for is all of it

    def best(run: Callable[[], keras.KerasTensor], amount: float) -> float:
        return best_rate(partial(enqueue, run), wait, amount, spec.device)

    square, long, one = (
        ops.cast(keras.random.uniform(shape, seed=0), dtype)
        for shape in ((side, side), (elements,), (1, 1))
    )

    def chain() -> keras.KerasTensor:
        x = one
        for _ in range(CALLS):
            x = ops.matmul(x, one)
        return x

    size = square.dtype.itemsize if hasattr(square.dtype, "itemsize") else square.dtype.size
    return MachineMeasured(
        operations_per_second=best(partial(ops.matmul, square, square), 2 * side**3),
        bytes_per_second=best(partial(ops.add, long, long), 3 * elements * size),
        calls_per_second=best(chain, CALLS),
    )
