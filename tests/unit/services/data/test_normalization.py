"""Features as trainers get them, against plain Python: by column, by channel, and in pieces."""

import warnings

import numpy as np
import pytest
from twinrun.contract.spec import Normalization

from services.data import normalization as module
from services.data.normalization import by_channel, normalised
from services.errors import InvalidRequest

DTYPES = [np.dtype(np.float32), np.dtype(np.float64)]
_DRAW = np.random.default_rng(11)
NUMBERS = _DRAW.normal(5, 3, (8, 2))
PIXELS = _DRAW.integers(0, 256, (8, 2, 2, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def pieces(monkeypatch):
    """Three rows at a time."""
    monkeypatch.setattr(module, "_ROWS", 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", DTYPES)
@pytest.mark.parametrize(
    "by",
    [
        Normalization(means=(4.0, 6.5), stds=(2.0, 0.3)),
        Normalization(mean=1.5, stds=(2.0, 0.3)),
        Normalization(means=(4.0, 6.5), std=0.7),
        Normalization(mean=1.5, std=0.7),
        Normalization(mean=0.0, std=0.7),
        Normalization(mean=1.5, std=1.0),
    ],
)
def test_numbers_are_normalised_by_column_in_float64(by, given, dtype):
    numbers = NUMBERS.astype(given)
    means, stds = by.means or (by.mean,) * 2, by.stds or (by.std,) * 2
    expected = [
        [(float(x) - m) / s for x, m, s in zip(row, means, stds, strict=True)] for row in numbers
    ]
    found = normalised(numbers, by, dtype)
    np.testing.assert_array_equal(found, np.array(expected).astype(dtype), strict=True)
    assert not np.shares_memory(found, numbers)


def test_what_float32_cannot_hold_is_subtracted_before_it_is_rounded():
    numbers = np.array([[16_777_217.0]])
    found = normalised(numbers, Normalization(16_777_216.0, 1.0), np.dtype(np.float32))
    assert found.item() == 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_that_need_no_change_are_not_copied_and_others_are_cast(dtype):
    unchanged = Normalization(0.0, 1.0)
    for given in DTYPES:
        numbers = NUMBERS.astype(given)
        found = normalised(numbers, unchanged, dtype)
        np.testing.assert_array_equal(found, numbers.astype(dtype), strict=True)
        assert np.shares_memory(found, numbers) == (given == dtype)


@pytest.mark.parametrize("place", range(len(NUMBERS)))
@pytest.mark.parametrize("by", [Normalization(0.0, 1.0), Normalization(0.5, 0.5)])
@pytest.mark.parametrize(("value", "given"), [(1e39, DTYPES[1]), (np.inf, DTYPES[0])])
def test_a_number_that_leaves_the_type_is_refused_wherever_it_is(place, by, value, given):
    numbers = NUMBERS.astype(given)
    numbers[place, 1] = value
    with pytest.raises(InvalidRequest) as caught:
        normalised(numbers, by, DTYPES[0])
    (violation,) = caught.value.violations
    assert violation.field == "dataset.normalization"
    assert violation.message.startswith("lets features overflow float32")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "by",
    [
        Normalization(means=(0.1, 0.2, 0.3), stds=(0.4, 0.5, 0.6)),
        Normalization(mean=0.1, stds=(0.4, 0.5, 0.6)),
        Normalization(means=(0.1, 0.2, 0.3), std=0.4),
        Normalization(mean=0.1, std=0.4),
    ],
)
def test_pixels_are_normalised_by_channel_as_shares_of_255(by, dtype):
    found = normalised(PIXELS, by, dtype)
    means, stds = by_channel(by, 3)
    for place in np.ndindex(PIXELS.shape):
        channel = place[-1]
        share = int(PIXELS[place]) / 255
        assert found[place] == dtype.type((share - means[channel]) / stds[channel])
    assert found.dtype == dtype


def test_one_mean_and_one_deviation_are_those_of_every_channel():
    assert by_channel(Normalization(0.1, 0.4), 3) == ([0.1] * 3, [0.4] * 3)
    given = Normalization(0.1, 0.4, (1.0, 2.0), (3.0, 4.0))
    assert by_channel(given, 2) == ([1.0, 2.0], [3.0, 4.0])
