"""Samples from a `DataLoader`, each transformed by torchvision: as PyTorch's users do it."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2
from twinrun.contract.enums import Device, OwnWay, TargetKind
from twinrun.contract.losses import targets
from twinrun.contract.spec import Augmentation, JobSpec

from services.data.arrays import Data, places
from services.data.normalization import by_channel
from services.model.weights import parameter_dtype

_NONE = Augmentation()
Sample = tuple[torch.Tensor, torch.Tensor | int]  # image [c, h, w] and label
Batch = tuple[torch.Tensor, torch.Tensor]  # images [batch, c, h, w] and labels [batch]


def train_samples(
    spec: JobSpec, data: Data, augmentation: Augmentation = _NONE
) -> torch.utils.data.Dataset[Sample]:
    """Return training samples as users have them: files, transformed pixels, or else tensors."""
    if data.files is not None:
        of_train = data.train_images, data.train_labels
        return _files(spec, data.files / "train", *of_train, augmentation)
    if data.train_pixels is not None:
        return _Pixels(spec, data.train_pixels, data.train_labels, augmentation)
    return _tensors(data.train_images, data.train_labels)


def test_samples(spec: JobSpec, data: Data) -> torch.utils.data.Dataset[Sample]:
    """Return test samples as `train_samples` does."""
    if data.files is not None:
        return _files(spec, data.files / "test", data.test_images, data.test_labels)
    if data.test_pixels is not None:
        return _Pixels(spec, data.test_pixels, data.test_labels)
    return _tensors(data.test_images, data.test_labels)


def _files(
    spec: JobSpec,
    folder: Path,
    images: NDArray[np.floating],
    labels: NDArray[np.generic],
    augmentation: Augmentation = _NONE,
) -> torch.utils.data.Dataset[Sample]:
    """Read the images that became ``images`` [n, h, w, c], by `ImageFolder`, in their order."""
    _, height, width, channels = images.shape
    first = [v2.Grayscale()] if channels == 1 else []
    found = ImageFolder(
        folder,
        _transform(spec, channels, augmentation, *first, v2.Resize((height, width))),
        functools.partial(_target, targets(spec.loss), images.dtype),
        allow_empty=True,  # a class may have no sample among the first few
    )
    return torch.utils.data.Subset(found, places(labels).tolist())


def _target(kind: TargetKind, dtype: np.dtype[np.floating], number: int) -> torch.Tensor | int:
    """Return the number of a sample's folder as the loss takes it: a class, or one flag."""
    if kind is TargetKind.CLASS:
        return number
    return torch.from_numpy(np.array([number], dtype))


def _tensors(
    features: NDArray[np.floating], labels: NDArray[np.generic]
) -> torch.utils.data.TensorDataset:
    """Pair features [n, ...], images as [n, c, h, w], with labels: classes int64[n], or numbers."""
    inputs = torch.from_numpy(features)
    inputs = inputs.permute(0, 3, 1, 2).contiguous() if inputs.ndim == 4 else inputs
    return torch.utils.data.TensorDataset(inputs, torch.from_numpy(_answers(labels)))


def _answers(labels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return classes as int64, which PyTorch's loss takes, and numbers as they are."""
    return labels.astype(np.int64) if labels.dtype.kind == "i" else labels


class _Pixels(torch.utils.data.Dataset[Sample]):  # type: ignore[misc] # PyTorch's is Any
    """Pixels uint8[n, h, w, c] and labels, transformed when they are requested.

    With an ``augmentation`` each request gives another image.
    """

    def __init__(
        self,
        spec: JobSpec,
        pixels: NDArray[np.uint8],
        labels: NDArray[np.generic],
        augmentation: Augmentation = _NONE,
    ) -> None:
        self._pixels, self._labels = pixels, _answers(labels)
        self._transform = _transform(spec, pixels.shape[-1], augmentation)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> Sample:
        label = self._labels[index]
        return self._transform(self._pixels[index]), (
            torch.from_numpy(label) if label.ndim else int(label)
        )


def _transform(
    spec: JobSpec, channels: int, augmentation: Augmentation, *first: v2.Transform
) -> v2.Compose:
    """Return what makes a sample of an image; ``first``: what to do before it is augmented."""
    means, stds = by_channel(spec.dataset.normalization, channels)
    dtype = torch.from_numpy(np.empty(0, parameter_dtype(spec.precision))).dtype
    return v2.Compose(
        [
            v2.ToImage(),
            *first,
            *_augmenting(augmentation),
            v2.ToDtype(dtype, scale=True),
            v2.Normalize(means, stds),
        ]
    )


def _augmenting(given: Augmentation) -> Iterator[v2.Transform]:
    """Yield transforms to apply before normalisation: torchvision's fill of 0 is background."""
    if given.flip:
        yield v2.RandomHorizontalFlip(given.flip)
    if given != Augmentation(given.flip):
        yield v2.RandomAffine(
            given.rotation_degrees,
            translate=(given.width_shift, given.height_shift),
            scale=(1 - given.zoom, 1 + given.zoom),
            interpolation=v2.InterpolationMode.BILINEAR,
        )


def loader(
    spec: JobSpec, samples: torch.utils.data.Dataset[Sample], **how: Any
) -> torch.utils.data.DataLoader[Batch]:
    """Return a `DataLoader` with up to two workers, as in tutorials, but no more than threads.

    Or none, which is its own default, if the own ways have that.
    """
    return torch.utils.data.DataLoader(
        samples,
        num_workers=0 if OwnWay.PIPELINE_WORKERS in spec.own_ways else min(2, spec.threads),
        pin_memory=spec.device is Device.CUDA,
        **how,
    )


class Order(torch.utils.data.Sampler[Sequence[int]]):  # type: ignore[misc] # PyTorch's is Any
    """Batches in a given order: chunks of int32[steps, batch]."""

    def __init__(self) -> None:
        self.chunks: Sequence[NDArray[np.int32]] = ()

    def __len__(self) -> int:
        return sum(map(len, self.chunks))

    def __iter__(self) -> Iterator[Sequence[int]]:
        for chunk in self.chunks:
            yield from chunk.tolist()
