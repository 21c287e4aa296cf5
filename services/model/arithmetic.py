"""The least arithmetic and memory traffic that a job needs, however it is computed."""

from twinrun.contract.spec import JobSpec

from services.model import optimizers, shapes
from services.model.weights import Weights


def epoch_operations(spec: JobSpec, shape: tuple[int, ...], samples: int) -> float:
    """Return the operations of one epoch's products over ``samples`` of ``shape``.

    A kernel is used in three products: the layer's output, and the gradients of the kernel and of
    its input; the gradient of the first layer's input is never used. Each takes a multiplication
    and an addition for each value of the kernel and position of the window. Everything else is
    small in comparison. Of the user's code they are not known: 0.
    """
    operations = 0
    products = 2
    for multiplications in filter(None, shapes.multiplications(spec.layers, shape)):
        operations += 2 * products * multiplications
        products = 3
    return float(operations * samples)


def epoch_bytes(
    spec: JobSpec, shape: tuple[int, ...], weights: Weights, sample_bytes: int, steps: int
) -> float:
    """Return the bytes that one epoch over samples of ``shape`` moves if nothing stays in a cache.

    Each sample is read once. At each step the optimizer reads and writes each trained parameter and
    each value of its state, and untrained state is read and written; gradients need not reach the
    memory.
    """
    arrays = 1 + len(optimizers.starts(spec.optimizer))
    touched = sum(
        (arrays if parameter.trained else 1) * weights[parameter.name].nbytes
        for parameter in shapes.held(spec, shape)
    )
    return float(steps * (2 * touched + spec.batch_size * sample_bytes))
