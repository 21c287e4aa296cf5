"""The least arithmetic and memory traffic that a job needs, however it is computed."""

from collections.abc import Sequence

from twinrun.contract.layers import Layer, Leaf
from twinrun.contract.nesting import Place, through
from twinrun.contract.spec import JobSpec

from services.model import optimizers, shapes
from services.model.weights import Weights


def epoch_operations(spec: JobSpec, shape: tuple[int, ...], samples: int) -> float:
    """Return the operations of one epoch's products over ``samples`` of ``shape``.

    A kernel is used in three products: the layer's output, and the gradients of the kernel and of
    its input; the gradient of a sample is never used. Each takes a multiplication
    and an addition for each value of the kernel and position of the window. Everything else is
    small in comparison. Of the user's code they are not known: 0.
    """
    walk = _Products(spec.layers, shape)
    through(spec.layers, False, walk)
    return float(2 * walk.products * samples)


class _Products:
    """A `Walk` that counts products. Its value: whether anything behind has parameters."""

    def __init__(self, layers: Sequence[Layer], shape: tuple[int, ...]) -> None:
        self.products = 0
        self._multiplications = iter(shapes.multiplications(layers, shape))

    def run(self, leaves: Sequence[tuple[Place, Leaf]], trained: bool) -> bool:
        for _ in leaves:
            multiplications = next(self._multiplications)
            self.products += (3 if trained else 2) * multiplications
            trained = trained or multiplications > 0
        return trained

    def total(self, _: Place, made: bool, shortcut: bool) -> bool:
        return made or shortcut

    def beside(self, _: Place, made: Sequence[bool]) -> bool:
        return any(made)


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
    return float(steps * (2 * touched + spec.step_samples * sample_bytes))
