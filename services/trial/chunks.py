"""The contents of a chunk of steps: its samples, and NumPy's draws for them. NumPy only."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.layers import Dropout
from twinrun.contract.spec import JobSpec

from services.model import augmentation, dropout, shapes
from services.model.weights import parameter_dtype

# Numbers [steps, batch, ...] for samples int32[steps, batch], and the position (from 0) of the
# first step in its epoch.
Draw = Callable[[int, NDArray[np.int32]], NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Steps of one batch size, to be run in one call.

    ``indices`` int32[steps, batch]: the samples of each step. ``drawn``: by name [steps, batch,
    ...], what else each step needs; empty if a job draws nothing.
    """

    indices: NDArray[np.int32]
    drawn: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.indices)

    def part(self, steps: slice) -> "Chunk":
        """Return some of its steps."""
        drawn = {name: array[steps] for name, array in self.drawn.items()}
        return Chunk(self.indices[steps], drawn)


def carried(
    spec: JobSpec,
    shape: tuple[int, ...],
    epoch: int,
    order: Iterable[NDArray[np.int32]],
) -> Iterator[Chunk]:
    """Yield the chunks of one epoch (from 0) for its ``order``, one index array each.

    ``shape`` [n, h, w, c]: of the training images. Each chunk is drawn when it is requested.
    """
    draws = _draws(spec, shape, epoch)
    taken = 0
    for indices in order:
        yield Chunk(indices, {name: draw(taken, indices) for name, draw in draws.items()})
        taken += len(indices)


def whole(spec: JobSpec, shape: tuple[int, ...]) -> Chunk:
    """Return one step of the first epoch with all samples in order."""
    return next(carried(spec, shape, 0, [np.arange(shape[0], dtype=np.int32)[np.newaxis]]))


def blank(spec: JobSpec, shape: tuple[int, ...], steps: int, batch: int) -> Chunk:
    """Return a chunk for warm-up: all of its samples are the first one."""
    return next(carried(spec, shape, 0, [np.zeros((steps, batch), np.int32)]))


def _draws(spec: JobSpec, shape: tuple[int, ...], epoch: int) -> dict[str, Draw]:
    """Return what a step of this job needs, by name."""
    draws: dict[str, Draw] = {}
    if augmentation.wanted(spec):
        dtype = parameter_dtype(spec.precision)
        transforms = augmentation.transforms(spec, shape, epoch).astype(dtype)
        draws[augmentation.TRANSFORMS] = lambda _, indices: transforms[indices]
    outputs = shapes.output_shapes(spec.layers, shape[1:])
    for index, (layer, made) in enumerate(zip(spec.layers, outputs, strict=True)):
        if isinstance(layer, Dropout):
            draws[dropout.name(index)] = _of_masks(spec, layer.rate, made, (epoch, index))
    return draws


def _of_masks(
    spec: JobSpec, rate: float, shape: tuple[int, ...], epoch_and_layer: tuple[int, int]
) -> Draw:
    def draw(taken: int, indices: NDArray[np.int32]) -> NDArray[np.generic]:
        found = dropout.masks(
            rate,
            shape,
            stream=(spec.seed, *epoch_and_layer),
            first=taken * spec.batch_size,
            samples=indices.size,
        )
        return found.reshape(*indices.shape, *shape)

    return draw
