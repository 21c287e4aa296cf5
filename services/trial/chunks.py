"""The contents of a chunk of steps: its samples, and NumPy's draws for them. NumPy only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec

from services.model import augmentation, dropout
from services.model.sites import Site
from services.model.weights import parameter_dtype

# Numbers [steps, batch, ...] for samples int32[steps, batch], and the position (from 0) of the
# first step in its epoch.
Draw = Callable[[int, NDArray[np.int32]], NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Steps of one number of samples, to be run in one call.

    ``indices`` int32[steps, samples]: those of each step. ``drawn``: by name [steps,
    samples, ...], what else each step needs; empty if a job draws nothing.
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
    sites: Sequence[Site],
) -> Iterator[Chunk]:
    """Yield the chunks of one epoch (from 0) for its ``order``, one index array each.

    ``shape`` [n, h, w, c]: of the training images. ``sites``: the model's. Each chunk is drawn when
    it is requested.
    """
    draws = _draws(spec, shape, epoch, sites)
    taken = 0
    for indices in order:
        yield Chunk(indices, {name: draw(taken, indices) for name, draw in draws.items()})
        taken += len(indices)


def whole(spec: JobSpec, shape: tuple[int, ...]) -> Chunk:
    """Return one step of the first epoch with all samples in order, to augment them."""
    return next(carried(spec, shape, 0, [np.arange(shape[0], dtype=np.int32)[np.newaxis]], ()))


def blank(
    spec: JobSpec, shape: tuple[int, ...], steps: int, batch: int, sites: Sequence[Site]
) -> Chunk:
    """Return a chunk for warm-up: all of its samples are the first one."""
    return next(carried(spec, shape, 0, [np.zeros((steps, batch), np.int32)], sites))


def _draws(
    spec: JobSpec, shape: tuple[int, ...], epoch: int, sites: Sequence[Site]
) -> dict[str, Draw]:
    """Return what a step of this job needs, by name."""
    draws: dict[str, Draw] = {}
    if augmentation.wanted(spec):
        dtype = parameter_dtype(spec.precision)
        transforms = augmentation.transforms(spec, shape, epoch).astype(dtype)
        draws[augmentation.TRANSFORMS] = lambda _, indices: transforms[indices]
    return draws | {site.name: _of_masks(spec, site, epoch) for site in sites}


def _of_masks(spec: JobSpec, site: Site, epoch: int) -> Draw:
    def draw(taken: int, indices: NDArray[np.int32]) -> NDArray[np.generic]:
        found = dropout.masks(
            site.rate,
            site.shape,
            stream=(spec.seed, epoch, site.stream),
            first=taken * spec.step_samples,
            samples=indices.size,
        )
        return found.reshape(*indices.shape, *site.shape)

    return draw
