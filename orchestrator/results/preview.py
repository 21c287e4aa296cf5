"""Training images, originals and as each framework's steps get them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import label, listed
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


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """Images float64[n, h, w, c], pixels from 0 to 1, and each framework's augmented ones.

    ``differences`` float64[n, h, w, c], by each other framework: the ``baseline``'s minus its own,
    in normalised pixels, as the model gets them.
    """

    originals: NDArray[np.float64]
    labels: tuple[int, ...]
    augmented: Mapping[str, NDArray[np.float64]]
    baseline: str
    differences: Mapping[str, NDArray[np.float64]]
    sentence: Sentence

    @property
    def largest(self) -> float | None:
        return max(map(_largest, self.differences.values()), default=None)


def preview(
    workload: str,
    spec: job_pb2.JobSpec,
    found: Mapping[str, job_pb2.ImagesPreviewed],
    baseline: str | None = None,
) -> Preview:
    """Build the preview; originals are from the first, which is also the default ``baseline``."""
    first = next(iter(found.values()))
    baseline = baseline or next(iter(found))
    mean, std = spec.dataset.normalization.mean, spec.dataset.normalization.std
    images = {name: _array(each.augmented, each) for name, each in found.items()}
    differences = {
        name: images[baseline] - array for name, array in images.items() if name != baseline
    }
    return Preview(
        originals=_array(first.originals, first) * std + mean,
        labels=tuple(first.labels),
        augmented={name: array * std + mean for name, array in images.items()},
        baseline=baseline,
        differences=differences,
        sentence=_sentence(workload, spec, list(found), baseline, differences),
    )


def _largest(differences: NDArray[np.float64]) -> float:
    return float(np.abs(differences).max())


def _array(numbers: Iterable[float], message: job_pb2.ImagesPreviewed) -> NDArray[np.float64]:
    return np.array(list(numbers), np.float64).reshape(tuple(message.shape))


def _sentence(
    workload: str,
    spec: job_pb2.JobSpec,
    frameworks: list[str],
    baseline: str,
    differences: Mapping[str, NDArray[np.float64]],
) -> Sentence:
    """Describe the difference between the baseline and those that differ from it."""
    if not any(value for _, value in spec.augmentation.ListFields()):
        return english(_NONE, workload=workload)
    every = listed(list(map(label, frameworks)))
    if not differences:
        return english(_ONE, workload=workload, frameworks=every)
    apart = {name: _largest(each) for name, each in differences.items()}
    largest = max(apart.values())
    known = {"workload": workload, "largest": largest}
    if spec.recipe == job_pb2.RECIPE_IDIOMATIC:
        return english(_OWN, **known, frameworks=every)
    tolerance = TOLERANCES.get(spec.precision, OTHER_TOLERANCE)
    if largest <= tolerance:
        return english(_SAME, **known, frameworks=every)
    beyond = [name for name in frameworks if name == baseline or apart[name] > tolerance]
    named = listed(list(map(label, beyond)))
    return english(_DIFFERENT, **known, frameworks=named, tolerance=tolerance)


def as_dict(workload: str, found: Preview, figure: Path | None = None) -> dict[str, object]:
    mapping = {
        "schema": SCHEMA,
        "workload": workload,
        "images": len(found.labels),
        "frameworks": list(found.augmented),
        "largest_difference": found.largest,
        "sentence": found.sentence,
        **({"figure": str(figure)} if figure else {}),
    }
    return as_json(mapping)
