"""Where two readers of the same samples part, by how much, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.results.readers import pixels, samples
from orchestrator.results.readers.causes import Cause, Why, why
from orchestrator.results.readers.samples import Read
from orchestrator.results.readers.sources import Source, of_sources

Floats = NDArray[np.float64]
_LEVELS = 255


@dataclass(frozen=True, slots=True)
class Parting:
    """The first sample that differs, and its first pixel (row, column, channel), all from 0.

    ``pixel`` is None where labels alone differ, or one has no such sample. ``largest`` is the
    largest difference of a normalised pixel over all samples that both have, in sample ``worst``.
    """

    sample: int
    pixel: tuple[int, ...] | None
    largest: float
    worst: int
    why: Why


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What two readers were to do alike.

    They normalise pixels of 0 to 1 by ``mean`` and ``std`` [c]; normalised ones may differ by the
    ``tolerance``. ``sources``: the images' files in order, where there are any.
    """

    tolerance: float
    mean: Floats
    std: Floats
    sources: Sequence[Source] = ()


def parting(one: Read, other: Read, rules: Rules) -> Parting | None:
    """Find where two readers part; None: they give the same."""
    count = min(len(one.images), len(other.images))
    first, second = one.first(count), other.first(count)
    apart = samples.apart(first.images, second.images)
    images = apart > rules.tolerance
    labels = np.array(first.labels) != np.array(second.labels)
    differs = images | labels
    if not differs.any() and len(one.images) == len(other.images):
        return None
    sample = int(differs.argmax()) if differs.any() else count
    pixel = None
    if sample < count and images[sample]:
        near = np.abs(first.images[sample] - second.images[sample]) <= rules.tolerance
        pixel = tuple(int(place) for place in np.argwhere(~near)[0])
    worst = int(apart.argmax()) if count else 0
    found = _why(one, other, images, labels, rules)
    return Parting(sample, pixel, float(apart.max(initial=0.0)), worst, found)


def _why(
    one: Read, other: Read, images: NDArray[np.bool_], labels: NDArray[np.bool_], rules: Rules
) -> Why:
    missing = len(one.images) - len(other.images)
    unknown = why(Cause.UNKNOWN)  # or more than one cause
    if missing:
        fewer = why(Cause.LAST_BATCH, count=abs(missing), swapped=missing < 0)
        return unknown if images.any() or labels.any() else fewer
    if not images.any():
        return samples.of_labels(one.labels, other.labels)
    if found := samples.of_order(one, other, rules.tolerance):
        return found
    if labels.any():
        return unknown
    mean, std = rules.mean, rules.std
    first, second = one.images[images], other.images[images]
    levels, other_levels = ((each * std + mean) * _LEVELS for each in (first, second))
    there = np.flatnonzero(images).tolist() if rules.sources else []
    sources = [rules.sources[place] for place in there]
    return (
        pixels.of_places(first, second, rules.tolerance)
        or pixels.of_values(first, second, rules.tolerance, mean, std)
        or of_sources(levels, other_levels, sources)
        or unknown
    )
