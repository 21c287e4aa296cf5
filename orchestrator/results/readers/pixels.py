"""Images that differ pixel by pixel: known causes are undone, one after the other."""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.results.readers.causes import Cause, Why, why
from orchestrator.results.readers.samples import apart

Floats = NDArray[np.float64]
_LOOSE = 10  # times the tolerance: undoing a cause rounds once more
_MOST_CROP = 2  # pixels
_MIRRORED = Phrase("mirrored left to right")
_UPSIDE_DOWN = Phrase("upside down")
_TURNED = Phrase("turned by {degrees} degrees")
_TRANSPOSED = Phrase("with rows and columns exchanged")


def of_places(one: Floats, other: Floats, tolerance: float) -> Why | None:
    """Return why the same pixels stand elsewhere; None: they do not."""
    for found, undone in _moved(other):
        if undone.shape == one.shape and (apart(one, undone) <= tolerance).all():
            return found
    return _cropped(one, other, tolerance)


def _moved(images: Floats) -> Iterator[tuple[Why, Floats]]:
    """Yield each cause, and the images without it."""
    channels = images.shape[-1]
    if channels == 3:
        for order in itertools.permutations(range(3)):
            named = ", ".join(str(number + 1) for number in order)
            found = why(Cause.CHANNEL_ORDER, order=named)
            yield found, images[..., np.argsort(order)]
    for how, undone in (
        (english(_MIRRORED), images[:, :, ::-1]),
        (english(_UPSIDE_DOWN), images[:, ::-1]),
        (english(_TRANSPOSED), images.transpose(0, 2, 1, 3)),
        *_turned(images),
    ):
        yield why(Cause.ORIENTATION, how=how), undone
    count, height, width, _ = images.shape
    laid = images.reshape(count, channels, height, width).transpose(0, 2, 3, 1)
    yield why(Cause.CHANNELS_FIRST), laid


def _turned(images: Floats) -> Iterator[tuple[Sentence, Floats]]:
    for quarters in (2, 1, 3):
        yield english(_TURNED, degrees=90 * quarters), np.rot90(images, -quarters, axes=(1, 2))


def _cropped(one: Floats, other: Floats, tolerance: float) -> Why | None:
    height, width = one.shape[1:3]
    steps = range(-_MOST_CROP, _MOST_CROP + 1)
    for down, right in sorted(itertools.product(steps, steps), key=lambda by: sum(map(abs, by))):
        if abs(down) * 2 >= height or abs(right) * 2 >= width or not (down or right):
            continue
        here, there = _inside(one, -down, -right), _inside(other, down, right)
        if np.ptp(here) > tolerance and (apart(here, there) <= tolerance).all():
            return why(Cause.CROP, down=down, right=right)
    return None


def _inside(images: Floats, down: int, right: int) -> Floats:
    """Return what is left without the first ``down`` rows, or the last ones, and so columns."""
    rows, columns = (slice(by or None) if by < 0 else slice(by, None) for by in (down, right))
    return images[:, rows, columns]


def of_values(
    one: Floats, other: Floats, tolerance: float, mean: Floats, std: Floats
) -> Why | None:
    """Return which other scale the values have; None: they are no multiples with an offset.

    ``mean`` and ``std`` [c] are those by which pixels of 0 to 1 were to be normalised.
    """
    if not np.isfinite(other).all():
        return None
    factors, offsets = np.empty_like(mean), np.empty_like(mean)
    for channel in range(len(mean)):
        x, y = one[..., channel].ravel(), other[..., channel].ravel()
        if np.ptp(x) <= tolerance:
            return None
        factors[channel], offsets[channel] = np.polyfit(x, y, 1)
    left = apart(one * factors + offsets, other)
    if (left > _LOOSE * tolerance * max(1.0, float(np.abs(other).max()))).any():
        return None
    return _scaled(factors, offsets, mean, std)


def _scaled(factors: Floats, offsets: Floats, mean: Floats, std: Floats) -> Why | None:
    """Name what made x * factors + offsets of a normalised x."""
    # What was done to a pixel p of 0 to 1, apart from the normalisation: factors * p + more.
    more = offsets * std + mean - factors * mean

    def are(values: Floats, wanted: Floats | float) -> bool:
        return bool(np.allclose(values, wanted, rtol=1e-3, atol=1e-3 * np.abs(factors).max()))

    if are(factors, std) and are(offsets, mean):
        return why(Cause.NOT_NORMALISED)
    if are(factors, 1 / std) and are(offsets, -mean / std):
        return why(Cause.NORMALISED_TWICE)
    if are(factors, -1) and are(more, 1):
        return why(Cause.INVERTED)
    if are(factors, factors[0]) and are(more, 0) and factors[0] > 0:
        return why(Cause.SCALE, factor=float(factors[0]))
    if (factors <= 0).any():
        return None
    means, stds = mean - offsets * std / factors, std / factors
    return why(Cause.NORMALISATION, means=_listed(means), stds=_listed(stds))


def _listed(values: Floats) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
