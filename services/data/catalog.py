"""What is known of a dataset before it is read."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from twinrun.contract.enums import TargetKind
from twinrun.contract.ranges import between
from twinrun.contract.spec import Arrays, Dataset
from twinrun.contract.violation import Violation


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """Sizes of a dataset: samples of each split, and a sample's shape, [h, w, c] for images.

    ``outputs``: the number of classes, or of numbers in a target. ``codes``: of how many whole
    numbers features are; 0: they are pixels or numbers.
    """

    train_samples: int
    test_samples: int
    shape: tuple[int, ...]
    outputs: int
    targets: TargetKind = TargetKind.CLASS
    codes: int = 0

    @property
    def target(self) -> tuple[int, ...]:
        """The shape of a model's outputs for one sample."""
        return (*self.positions, self.outputs)

    @property
    def positions(self) -> tuple[int, ...]:
        """The shape of a target with a class at each position of a text, or pixel of an image."""
        if self.targets is not TargetKind.TOKENS:
            return ()
        return self.shape if self.codes else self.shape[:2]


DATASETS = {
    "mnist": DatasetInfo(60_000, 10_000, (28, 28, 1), 10),
    "fashion-mnist": DatasetInfo(60_000, 10_000, (28, 28, 1), 10),
    "cifar-10": DatasetInfo(50_000, 10_000, (32, 32, 3), 10),
    "cifar-100": DatasetInfo(50_000, 10_000, (32, 32, 3), 100),  # the fine labels
}
SYNTHETIC = "synthetic"  # made from the seed, by each runner itself
FILE = "file"  # the user's, which the client made arrays of
NAMES = (*DATASETS, SYNTHETIC, FILE)
_NOTHING = Arrays("", 0, 1, 1, (1,), TargetKind.CLASS, 1)  # stands in for arrays that are missing
_PREVIEWED = 100_000  # numbers of images in one event, which must fit into a message of 4 MiB
_LARGEST_BYTES = 4 * 2**30  # of uint8 pixels per split


def info(dataset: Dataset) -> DatasetInfo:
    """Tell a dataset's sizes, limits applied; one that has arrays is of them, whatever its name.

    Raises KeyError for a name that is not in NAMES.
    """
    if (held := dataset.arrays) is not None or dataset.name == FILE:
        held = held or _NOTHING
        full = DatasetInfo(
            *(held.train_samples, held.test_samples, held.shape, held.outputs),
            *(held.targets, held.codes),
        )
    elif dataset.name == SYNTHETIC:
        sizes = dataset.synthetic
        full = DatasetInfo(
            sizes.train_samples,
            sizes.test_samples,
            (sizes.height, sizes.width, sizes.channels),
            sizes.classes,
        )
    else:
        full = DATASETS[dataset.name]
    if dataset.reconstruct:
        full = replace(full, outputs=math.prod(full.shape), targets=TargetKind.NUMBERS)
    return replace(
        full,
        train_samples=dataset.train_limit or full.train_samples,
        test_samples=dataset.test_limit or full.test_samples,
    )


def training_samples(dataset: Dataset) -> int:
    """Return how many samples are trained on: without those held back for validation."""
    samples = info(dataset).train_samples
    return samples - int(samples * dataset.validation_fraction)


def preview_violations(dataset: Dataset) -> Iterator[Violation]:
    """Name samples that are no images, and a training split of more than a preview holds."""
    sizes = info(dataset)
    if len(sizes.shape) != 3:
        yield Violation("dataset", "has samples that are no images; a preview shows images")
        return
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
    if dataset.arrays is not None:
        yield from _arrays_violations(dataset, dataset.arrays)
    elif dataset.name == FILE:
        yield Violation("dataset.arrays", "is not set; the client makes it of the file")
        return
    elif dataset.name not in NAMES:
        yield Violation("dataset.name", f"is {dataset.name!r}; this runner has {', '.join(NAMES)}")
        return
    full = info(replace(dataset, train_limit=None, test_limit=None, reconstruct=False))
    if dataset.reconstruct and full.codes:
        yield Violation("dataset.reconstruct", "is of numbers or pixels; these samples are codes")
    if dataset.train_limit is not None:
        yield from between("dataset.train_limit", dataset.train_limit, 1, full.train_samples)
    if dataset.test_limit is not None:
        yield from between("dataset.test_limit", dataset.test_limit, 1, full.test_samples)
    images = max(full.train_samples, full.test_samples, full.outputs)  # one pattern for each class
    largest = images * math.prod(full.shape)
    if dataset.arrays is None and dataset.name == SYNTHETIC and largest > _LARGEST_BYTES:
        yield Violation(
            "dataset.synthetic",
            f"makes {largest:,} bytes of pixels in a split; at most {_LARGEST_BYTES:,} fit",
        )


def _arrays_violations(dataset: Dataset, held: Arrays) -> Iterator[Violation]:
    field = "dataset.arrays"
    if not re.fullmatch("[0-9a-f]{64}", held.sha256):
        yield Violation(f"{field}.sha256", f"is {held.sha256!r}; it must be 64 hexadecimal digits")
    yield from between(f"{field}.size_bytes", held.size_bytes, 1, 2**50)
    yield from between(f"{field}.train_samples", held.train_samples, 1, 2**31 - 1)
    yield from between(f"{field}.test_samples", held.test_samples, 1, 2**31 - 1)
    yield from between(f"{field}.outputs", held.outputs, 1, 100_000)
    yield from between(f"{field}.shape", len(held.shape), 1, 3)
    for index, size in enumerate(held.shape):
        yield from between(f"{field}.shape[{index}]", size, 1, 1_000_000)
    yield from between(f"{field}.codes", held.codes, 0, 10_000_000)
    if held.codes and (held.pixels or len(held.shape) != 1):
        yield Violation(f"{field}.codes", "are of a sequence; its shape is [time]")
    if held.targets is TargetKind.TOKENS and not held.codes and len(held.shape) != 3:
        what = "are tokens, which follow codes or lie on the pixels of images; set codes"
        yield Violation(f"{field}.targets", what)
    if held.pixels and len(held.shape) != 3:
        yield Violation(f"{field}.pixels", "is of images; their shape is [h, w, c]")
    by_folder = held.targets is TargetKind.CLASS or (held.targets, held.outputs) == (
        *(TargetKind.FLAGS, 1),
    )
    if held.files and not (held.pixels and by_folder):
        yield Violation(f"{field}.files", "are of pixels of one class each")
    normalization = dataset.normalization
    for name in ("means", "stds"):
        values = getattr(normalization, name)
        if values and held.shape and len(values) != held.shape[-1]:
            what = f"has {len(values)} values; give one for each of {held.shape[-1]}"
            yield Violation(f"dataset.normalization.{name}", what)
