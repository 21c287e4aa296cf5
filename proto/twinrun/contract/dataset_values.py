"""Which values a dataset of a job spec may have, whatever reads it."""

from collections.abc import Iterator

from twinrun.contract.ranges import above_zero, between, fraction
from twinrun.contract.spec import Dataset, File, Normalization
from twinrun.contract.violation import Violation

_MOST_SAMPLES = 10_000_000


def dataset_violations(dataset: Dataset) -> Iterator[Violation]:
    """Yield fields of a dataset whose value alone is out of range."""
    yield from _normalization_violations(dataset.normalization)
    yield from fraction("dataset.validation_fraction", dataset.validation_fraction)
    for name in ("train_limit", "test_limit"):
        if (limit := getattr(dataset, name)) is not None:
            yield from between(f"dataset.{name}", limit, 1, _MOST_SAMPLES)
    if dataset.file is not None:
        yield from _file_violations(dataset.file)
    if dataset.name == "synthetic":
        synthetic = dataset.synthetic
        for name in ("train_samples", "test_samples"):
            yield from between(
                f"dataset.synthetic.{name}", getattr(synthetic, name), 1, _MOST_SAMPLES
            )
        yield from between("dataset.synthetic.height", synthetic.height, 1, 4096)
        yield from between("dataset.synthetic.width", synthetic.width, 1, 4096)
        yield from between("dataset.synthetic.channels", synthetic.channels, 1, 64)
        yield from between("dataset.synthetic.classes", synthetic.classes, 2, 10_000)


def _file_violations(file: File) -> Iterator[Violation]:
    if not file.path:
        yield Violation("dataset.file.path", "is not set; name a file, or a folder of images")
    if not 0 < file.test_fraction < 1:
        what = f"is {file.test_fraction:g}; it must be above 0 and below 1"
        yield Violation("dataset.file.test_fraction", what)
    if len(file.size) not in (0, 2):
        what = f"has {len(file.size)} numbers; give height and width"
        yield Violation("dataset.file.size", what)
    yield from between("dataset.file.context", file.context, 1, 100_000)
    for index, side in enumerate(file.size):
        yield from between(f"dataset.file.size[{index}]", side, 1, 4096)


def _normalization_violations(normalization: Normalization) -> Iterator[Violation]:
    yield from between("dataset.normalization.mean", normalization.mean, -1_000, 1_000)
    # A smaller one would produce pixels that float32 cannot hold.
    yield from between("dataset.normalization.std", normalization.std, 1e-6, 1_000)
    for index, mean in enumerate(normalization.means):
        yield from between(f"dataset.normalization.means[{index}]", mean, -1e300, 1e300)
    for index, std in enumerate(normalization.stds):
        yield from above_zero(f"dataset.normalization.stds[{index}]", std, 1e300)
