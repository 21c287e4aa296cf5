"""What is known of a dataset before it is read."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from twinrun.contract.ranges import between
from twinrun.contract.spec import Dataset
from twinrun.contract.violation import Violation


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """Sizes of a dataset: samples of each split, a sample's shape [h, w, c], number of classes."""

    train_samples: int
    test_samples: int
    shape: tuple[int, int, int]
    classes: int


DATASETS = {
    "mnist": DatasetInfo(60_000, 10_000, (28, 28, 1), 10),
    "fashion-mnist": DatasetInfo(60_000, 10_000, (28, 28, 1), 10),
}
SYNTHETIC = "synthetic"  # made from the seed, by each runner itself
NAMES = (*DATASETS, SYNTHETIC)
_PREVIEWED = 100_000  # numbers of images in one event, which must fit into a message of 4 MiB
_LARGEST_BYTES = 4 * 2**30  # of uint8 pixels per split


def info(dataset: Dataset) -> DatasetInfo:
    """Tell a dataset's sizes, limits applied. Raises KeyError for a name that is not in NAMES."""
    if dataset.name == SYNTHETIC:
        sizes = dataset.synthetic
        full = DatasetInfo(
            sizes.train_samples,
            sizes.test_samples,
            (sizes.height, sizes.width, sizes.channels),
            sizes.classes,
        )
    else:
        full = DATASETS[dataset.name]
    return DatasetInfo(
        dataset.train_limit or full.train_samples,
        dataset.test_limit or full.test_samples,
        full.shape,
        full.classes,
    )


def training_samples(dataset: Dataset) -> int:
    """Return how many samples are trained on: without those held back for validation."""
    samples = info(dataset).train_samples
    return samples - int(samples * dataset.validation_fraction)


def preview_violations(dataset: Dataset) -> Iterator[Violation]:
    """Name a training split of more images than a preview holds."""
    sizes = info(dataset)
    size = math.prod(sizes.shape)
    most = _PREVIEWED // size
    if sizes.train_samples > most:
        yield Violation(
            "dataset.train_limit",
            f"leaves {sizes.train_samples:,} images of {size:,} numbers; a preview shows at most "
            f"{most:,} of them",
        )


def violations(dataset: Dataset) -> Iterator[Violation]:
    """Name what is unknown or too large: the dataset, a limit that it cannot meet, its sizes."""
    if dataset.name not in NAMES:
        yield Violation("dataset.name", f"is {dataset.name!r}; this runner has {', '.join(NAMES)}")
        return
    full = info(Dataset(dataset.name, synthetic=dataset.synthetic))
    if dataset.train_limit is not None:
        yield from between("dataset.train_limit", dataset.train_limit, 1, full.train_samples)
    if dataset.test_limit is not None:
        yield from between("dataset.test_limit", dataset.test_limit, 1, full.test_samples)
    height, width, channels = full.shape
    images = max(full.train_samples, full.test_samples, full.classes)  # one pattern for each class
    largest = images * height * width * channels
    if largest > _LARGEST_BYTES:
        yield Violation(
            "dataset.synthetic",
            f"makes {largest:,} bytes of pixels in a split; at most {_LARGEST_BYTES:,} fit",
        )
