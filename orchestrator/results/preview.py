"""Training images as they are, and as each framework's steps get them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import AND, label

SCHEMA = "twinrun.preview/1"
# What rounding may do to a normalised pixel.
TOLERANCES = {job_pb2.PRECISION_FLOAT64: 1e-12}
OTHER_TOLERANCE = 1e-6
_NONE = Phrase("{workload} augments nothing: images are trained on as they are.")
_ONE = Phrase("{workload}, as {frameworks} augments it.")
_SAME = Phrase(
    "{workload}: {frameworks} make the same images; the largest difference of a normalised pixel "
    "is {largest:.1e}."
)
_DIFFERENT = Phrase(
    "{workload}: {frameworks} do not make the same images; the largest difference of a normalised "
    "pixel is {largest:.1e}, where {tolerance:.0e} is allowed."
)
_OWN = Phrase(
    "{workload}, idiomatic: {frameworks} each draw and resample in their own way, so that images "
    "differ by design; the largest difference of a normalised pixel is {largest:.2f}."
)


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """Images float64[n, h, w, c], pixels from 0 to 1, and what each framework makes of them.

    ``differences`` float64[n, h, w, c]: of the first framework's from the second's, in normalised
    pixels, as the model gets them. None: there is one framework alone.
    """

    originals: NDArray[np.float64]
    labels: tuple[int, ...]
    augmented: Mapping[str, NDArray[np.float64]]
    differences: NDArray[np.float64] | None
    sentence: Sentence

    @property
    def largest(self) -> float | None:
        return None if self.differences is None else float(np.abs(self.differences).max())


def preview(
    workload: str, spec: job_pb2.JobSpec, found: Mapping[str, job_pb2.ImagesPreviewed]
) -> Preview:
    """Of one framework or two; the originals are the first one's."""
    first = next(iter(found.values()))
    mean, std = spec.dataset.normalization.mean, spec.dataset.normalization.std
    images = {name: _array(each.augmented, each) for name, each in found.items()}
    differences = None
    if len(images) > 1:
        one, other = images.values()
        differences = one - other
    return Preview(
        originals=_array(first.originals, first) * std + mean,
        labels=tuple(first.labels),
        augmented={name: array * std + mean for name, array in images.items()},
        differences=differences,
        sentence=_sentence(workload, spec, list(found), differences),
    )


def _array(numbers: Any, message: job_pb2.ImagesPreviewed) -> NDArray[np.float64]:
    return np.array(numbers, np.float64).reshape(tuple(message.shape))


def _sentence(
    workload: str,
    spec: job_pb2.JobSpec,
    frameworks: list[str],
    differences: NDArray[np.float64] | None,
) -> Sentence:
    known: dict[str, Any] = {
        "workload": workload,
        "frameworks": join(AND, map(label, frameworks)),
    }
    if not any(value for _, value in spec.augmentation.ListFields()):
        return english(_NONE, workload=workload)
    if differences is None:
        return english(_ONE, **known)
    known["largest"] = float(np.abs(differences).max())
    if spec.recipe == job_pb2.RECIPE_IDIOMATIC:
        return english(_OWN, **known)
    tolerance = TOLERANCES.get(spec.precision, OTHER_TOLERANCE)
    if known["largest"] <= tolerance:
        return english(_SAME, **known)
    return english(_DIFFERENT, **known, tolerance=tolerance)


def as_dict(workload: str, found: Preview, figure: Path) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "workload": workload,
        "images": len(found.labels),
        "frameworks": list(found.augmented),
        "largest_difference": found.largest,
        "sentence": found.sentence,
        "figure": str(figure),
    }
