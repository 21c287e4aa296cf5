"""The contents of a chunk of steps: its samples, and NumPy's draws for them. NumPy only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec

from services.model import augmentation, dropout
from services.model.shares import Share, shares
from services.model.sites import Site
from services.model.weights import parameter_dtype

# Numbers [steps, batch, ...] for samples int32[steps, batch], the position (from 0) of the first
# step in its epoch, and the share of a device, None: of all samples.
Draw = Callable[[int, NDArray[np.int32], Share | None], NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Steps of one number of samples, to be run in one call.

    ``indices`` int32[steps, samples]: those of each step. ``drawn``: by name [steps,
    samples, ...], what else each step needs; empty if a job draws nothing. ``share``: whose part
    of each step this is; None: all of it.
    """

    indices: NDArray[np.int32]
    drawn: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    share: Share | None = None

    def __len__(self) -> int:
        return len(self.indices)

    def part(self, steps: slice) -> "Chunk":
        """Return some of its steps."""
        drawn = {name: array[steps] for name, array in self.drawn.items()}
        return Chunk(self.indices[steps], drawn, self.share)


def carried(
    spec: JobSpec,
    shape: tuple[int, ...],
    epoch: int,
    order: Iterable[NDArray[np.int32]],
    sites: Sequence[Site],
    *,
    device: int | None = None,
) -> Iterator[Chunk]:
    """Yield the chunks of one epoch (from 0) for its ``order``, one index array each.

    ``shape`` [n, h, w, c]: of the training images. ``sites``: the model's. ``device``: whose share
    of each step it is; None: all of it. Each chunk is drawn when it is requested.
    """
    draws = _draws(spec, shape, epoch, sites)
    taken = 0
    for indices in order:
        share = None if device is None else shares(indices.shape[1], spec.devices)[device]
        drawn = {name: draw(taken, indices, share) for name, draw in draws.items()}
        yield Chunk(indices if share is None else indices[:, share.part], drawn, share)
        taken += len(indices)


def whole(spec: JobSpec, shape: tuple[int, ...]) -> Chunk:
    """Return one step of the first epoch with all samples in order, to augment them."""
    return next(carried(spec, shape, 0, [np.arange(shape[0], dtype=np.int32)[np.newaxis]], ()))


def blank(
    spec: JobSpec,
    shape: tuple[int, ...],
    steps: int,
    batch: int,
    sites: Sequence[Site],
    *,
    device: int | None = None,
) -> Chunk:
    """Return a chunk for warm-up, or a ``device``'s share: all of its samples are the first one."""
    return next(carried(spec, shape, 0, [np.zeros((steps, batch), np.int32)], sites, device=device))


def _draws(
    spec: JobSpec, shape: tuple[int, ...], epoch: int, sites: Sequence[Site]
) -> dict[str, Draw]:
    """Return what a step of this job needs, by name."""
    draws: dict[str, Draw] = {}
    if augmentation.wanted(spec):
        dtype = parameter_dtype(spec.precision)
        transforms = augmentation.transforms(spec, shape, epoch).astype(dtype)
        draws[augmentation.TRANSFORMS] = lambda _, indices, share: transforms[
            indices if share is None else indices[:, share.part]
        ]
    return draws | {site.name: _of_masks(spec, site, epoch) for site in sites}


def _of_masks(spec: JobSpec, site: Site, epoch: int) -> Draw:
    def drawn(first: int, samples: int) -> NDArray[np.generic]:
        stream = spec.seed, epoch, site.stream
        return dropout.masks(site.rate, site.shape, stream=stream, first=first, samples=samples)

    def draw(taken: int, indices: NDArray[np.int32], share: Share | None) -> NDArray[np.generic]:
        first = taken * spec.step_samples
        if share is None:
            return drawn(first, indices.size).reshape(*indices.shape, *site.shape)
        part, of = share.part, share.of  # a sample has the mask of its place in the whole step
        samples = part.stop - part.start
        return np.stack(
            [drawn(first + step * of + part.start, samples) for step in range(len(indices))]
        )

    return draw
