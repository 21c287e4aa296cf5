"""Training images, originals and as each framework's steps get them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT, OF, label, listed
from orchestrator.results.readers.diagnosis import Parting, Rules, parting
from orchestrator.results.readers.samples import Read
from orchestrator.results.readers.sources import Source
from orchestrator.trials.mappings.stored import as_json

SCHEMA = "twinrun.preview/1"
# The possible effect of rounding on a normalised pixel.
TOLERANCES = {job_pb2.PRECISION_FLOAT64: 1e-12}
OTHER_TOLERANCE = 1e-6
_NONE = Phrase("{workload} has no augmentation: training uses the images as they are.")
_ONE = Phrase("{workload}, as augmented by {frameworks}.")
_SAME = Phrase(
    "{workload}: {frameworks} produce the same images; the largest difference of a "
    "normalised pixel is {largest:.1e}."
)
_DIFFERENT = Phrase(
    "{workload}: {frameworks} do not produce the same images; the largest difference "
    "of a normalised pixel is {largest:.1e}, but at most {tolerance:.0e} is allowed."
)
_OWN = Phrase(
    "{workload}, idiomatic: {frameworks} each draw and resample in their own way, so "
    "images differ by design; the largest difference of a normalised pixel is "
    "{largest:.2f}."
)
_READ = Phrase("{workload}, idiomatic: {frameworks} make the same samples of the files.")
_PARTED = Phrase(
    "{one} and {other} differ from image {sample} on, {pixel}; the largest difference of a "
    "normalised pixel is {largest:.2g}, in image {worst}. Likely cause: {why}."
)
_MISSING_OR_LABEL = Phrase("{one} and {other} differ from image {sample} on. Likely cause: {why}.")
_PIXEL = Phrase("there from row {row}, column {column}, channel {channel}")


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """Images float64[n, h, w, c], pixels from 0 to 1, and each framework's augmented ones.

    ``differences`` float64[n, h, w, c], by each other framework: the ``baseline``'s minus its own,
    in normalised pixels, as the model gets them. An image that a framework lacks is NaN.
    ``partings``: where and why those differ that should not. ``labels`` are empty if targets are
    no classes.
    """

    originals: NDArray[np.float64]
    labels: tuple[int, ...]
    augmented: Mapping[str, NDArray[np.float64]]
    baseline: str
    differences: Mapping[str, NDArray[np.float64]]
    partings: Mapping[str, Parting]
    sentence: Sentence

    @property
    def largest(self) -> float | None:
        return max(map(_largest, self.differences.values()), default=None)


def preview(
    workload: str,
    spec: job_pb2.JobSpec,
    found: Mapping[str, job_pb2.ImagesPreviewed],
    baseline: str | None = None,
    sources: Sequence[Source] = (),
) -> Preview:
    """Build the preview; originals are from the first, which is also the default ``baseline``.

    ``sources``: the images' files, where frameworks have read these by themselves.
    """
    first = next(iter(found.values()))
    baseline = baseline or next(iter(found))
    count, channels = first.shape[0], first.shape[3]
    mean, std = _normalization(spec, channels)
    reads = {name: _read(each) for name, each in found.items()}
    images = {name: _padded(each.images, count) for name, each in reads.items()}
    others = [name for name in found if name != baseline]
    differences = {name: images[baseline] - images[name] for name in others}
    rules = Rules(TOLERANCES.get(spec.precision, OTHER_TOLERANCE), mean, std, sources)
    partings: dict[str, Parting] = {}
    for name in others if _should_agree(spec) else ():
        if parted := parting(reads[baseline], reads[name], rules):
            partings[name] = parted
    return Preview(
        originals=_array(first.originals, first) * std + mean,
        labels=tuple(first.labels),
        augmented={name: array * std + mean for name, array in images.items()},
        baseline=baseline,
        differences=differences,
        partings=partings,
        sentence=_sentence(workload, spec, list(found), differences, partings),
    )


def _should_agree(spec: job_pb2.JobSpec) -> bool:
    return not (_augments(spec) and spec.recipe == job_pb2.RECIPE_IDIOMATIC)


def _augments(spec: job_pb2.JobSpec) -> bool:
    return any(value for _, value in spec.augmentation.ListFields())


def _normalization(
    spec: job_pb2.JobSpec, channels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return means and standard deviations of the channels."""
    given = spec.dataset.normalization
    means, stds = given.means or [given.mean] * channels, given.stds or [given.std] * channels
    return np.array(means, np.float64), np.array(stds, np.float64)


def _read(message: job_pb2.ImagesPreviewed) -> Read:
    images = _array(message.augmented, message)
    return Read(images, tuple(message.read_labels or message.labels or [0] * len(images)))


def _padded(images: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    lacking = np.full((count - len(images), *images.shape[1:]), np.nan)
    return np.concatenate([images, lacking])


def _largest(differences: NDArray[np.float64]) -> float:
    return float(np.nanmax(np.abs(differences)))


def _array(numbers: Iterable[float], message: job_pb2.ImagesPreviewed) -> NDArray[np.float64]:
    return np.array(list(numbers), np.float64).reshape(-1, *message.shape[1:])


def _sentence(
    workload: str,
    spec: job_pb2.JobSpec,
    frameworks: list[str],
    differences: Mapping[str, NDArray[np.float64]],
    partings: Mapping[str, Parting],
) -> Sentence:
    """Describe the difference between the baseline and those that differ from it."""
    reads_files = spec.recipe == job_pb2.RECIPE_IDIOMATIC and spec.dataset.arrays.files
    every = listed(list(map(label, frameworks)))
    baseline = next(name for name in frameworks if name not in differences)
    parted = [_parted(baseline, name, each) for name, each in partings.items()]
    if not _augments(spec):
        if parted:
            return english(OF, name=workload, what=join(NEXT, parted))
        same = reads_files and differences
        return english(_READ if same else _NONE, workload=workload, frameworks=every)
    if not differences:
        return english(_ONE, workload=workload, frameworks=every)
    known = {"workload": workload, "largest": max(map(_largest, differences.values()))}
    if spec.recipe == job_pb2.RECIPE_IDIOMATIC:
        return english(_OWN, **known, frameworks=every)
    if not partings:
        return english(_SAME, **known, frameworks=every)
    beyond = [name for name in frameworks if name == baseline or name in partings]
    named = listed(list(map(label, beyond)))
    tolerance = TOLERANCES.get(spec.precision, OTHER_TOLERANCE)
    different = english(_DIFFERENT, **known, frameworks=named, tolerance=tolerance)
    return join(NEXT, [different, *parted])


def _parted(baseline: str, name: str, found: Parting) -> Sentence:
    one, other = label(baseline), label(name)
    known = {"one": one, "other": other, "sample": found.sample + 1}
    known["why"] = found.why.said(one, other)
    if found.pixel is None:
        return english(_MISSING_OR_LABEL, **known)
    row, column, channel = (place + 1 for place in found.pixel)
    where = english(_PIXEL, row=row, column=column, channel=channel)
    return english(_PARTED, **known, pixel=where, largest=found.largest, worst=found.worst + 1)


def as_dict(workload: str, found: Preview, figure: Path | None = None) -> dict[str, object]:
    mapping = {
        "schema": SCHEMA,
        "workload": workload,
        "images": len(found.originals),
        "frameworks": list(found.augmented),
        "largest_difference": found.largest,
        "differences": {
            name: _difference(found, name, each) for name, each in found.partings.items()
        },
        "sentence": found.sentence,
        **({"figure": str(figure)} if figure else {}),
    }
    return as_json(mapping)


def _difference(found: Preview, name: str, parted: Parting) -> dict[str, object]:
    """Return where and why ``name`` differs from the baseline; samples and pixels count from 1."""
    by_sample = np.abs(found.differences[name]).max(axis=(1, 2, 3))
    return {
        "cause": parted.why.cause.value,
        "why": parted.why.said(label(found.baseline), label(name)),
        "first_sample": parted.sample + 1,
        "first_pixel": parted.pixel and [place + 1 for place in parted.pixel],
        "largest": parted.largest,
        "largest_in_sample": parted.worst + 1,
        "by_sample": [None if np.isnan(each) else float(each) for each in by_sample],
    }
