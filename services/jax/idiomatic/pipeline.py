"""Samples by Grain's `DataLoader`, in the order of its own sampler.

As in Flax's guide "Data Loaders" (flax.readthedocs.io): a source, an `IndexSampler`, a map that
scales pixels, and batches, without workers. Grain's `ReadOptions` recommends no threads for what is
in memory already.
"""

from collections.abc import Iterator
from typing import Any

import grain
import numpy as np
from numpy.typing import NDArray
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.data.normalization import by_channel
from services.model import losses as shared
from services.model.weights import parameter_dtype

Batch = tuple[NDArray[Any], NDArray[Any]]  # images [batch, h, w, c] and labels [batch]


class Samples:
    """A source of samples in memory: features [n, ...] and their labels."""

    def __init__(self, features: NDArray[Any], labels: NDArray[Any]) -> None:
        self._features, self._labels = features, labels

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[NDArray[Any], Any]:
        return self._features[index], self._labels[index]


class Scaled(grain.transforms.Map):  # type: ignore[misc] # Grain's is Any
    """Pixels become numbers, as the spec normalises them."""

    def __init__(self, spec: JobSpec, channels: int) -> None:
        self._dtype = parameter_dtype(spec.precision)
        means, stds = by_channel(spec.dataset.normalization, channels)
        self._means, self._stds = (np.asarray(each, self._dtype) for each in (means, stds))

    def map(self, element: tuple[NDArray[Any], Any]) -> tuple[NDArray[Any], Any]:
        """Implement `grain.transforms.Map`."""
        pixels, label = element
        return (pixels.astype(self._dtype) / 255 - self._means) / self._stds, label


def samples(spec: JobSpec, data: Data, split: str) -> Samples:
    """Return the samples of a ``split``, train or test: pixels where the dataset has them."""
    pixels, features, labels = {
        "train": (data.train_pixels, data.train_images, data.train_labels),
        "test": (data.test_pixels, data.test_images, data.test_labels),
    }[split]
    return Samples(features if pixels is None else pixels, shared.for_trainer(spec.loss, labels))


def loader(spec: JobSpec, samples: Samples, size: int, seed: int | None = None) -> grain.DataLoader:
    """Return what iterates once over ``samples``, in batches of ``size``, the last of fewer.

    ``seed``: of their order; None: they keep their own.
    """
    first, _ = samples[0]
    scaled = [Scaled(spec, first.shape[-1])] if first.dtype == np.uint8 else []
    return grain.DataLoader(
        data_source=samples,
        sampler=sampler(len(samples), seed),
        operations=[*scaled, grain.transforms.Batch(size)],
        worker_count=0,
        read_options=grain.ReadOptions(num_threads=0),
    )


def sampler(samples: int, seed: int | None) -> grain.samplers.IndexSampler:
    """Return Grain's own order of an epoch. ``seed``: None keeps it as it is."""
    return grain.samplers.IndexSampler(
        samples, shuffle=seed is not None, seed=seed or 0, num_epochs=1
    )


def seeds(seed: int) -> Iterator[int]:
    """Yield a seed for each epoch: with the same one, Grain would give the same order again."""
    generator = np.random.default_rng(seed)
    while True:
        yield int(generator.integers(2**32))
