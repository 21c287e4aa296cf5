"""What is drawn for each image: by seed and epoch, within what was asked, by the formula."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.contract.enums import Precision
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Augmentation, Dataset, JobSpec, Normalization

from services.model import augmentation
from services.trial import chunks

SHAPE = (5000, 28, 20, 1)
ALL = Augmentation(0.5, 30, 0.1, 0.2, 0.3)


def spec(given: Augmentation = ALL, **changes) -> JobSpec:
    job = JobSpec(Dataset("mnist"), (), Optimizer(Adam()), threads=1, augmentation=given)
    return replace(job, **changes)


def maps(given: Augmentation, epoch: int = 0, **changes) -> np.ndarray:
    return augmentation.transforms(spec(given, **changes), SHAPE, epoch)


def test_without_augmentation_nothing_is_drawn_and_there_is_no_digest():
    job = spec(Augmentation())
    (chunk,) = chunks.carried(job, SHAPE, 0, [np.zeros((2, 3), np.int32)], ())
    assert not augmentation.wanted(job)
    assert chunk.drawn == {}
    assert augmentation.digest(job, SHAPE) == ""


def test_each_epoch_and_seed_draws_its_own_and_draws_it_again():
    np.testing.assert_array_equal(maps(ALL), maps(ALL))
    for other in (maps(ALL, epoch=1), maps(ALL, seed=1)):
        assert (other != maps(ALL)).any(axis=(1, 2)).all()


def test_what_is_drawn_of_one_thing_does_not_change_with_another():
    turned = maps(Augmentation(0, 30))
    both = maps(Augmentation(1, 30))
    np.testing.assert_array_equal(both[:, 1], turned[:, 1])
    np.testing.assert_array_equal(both[:, 0], -turned[:, 0])


@pytest.mark.parametrize("flip", [0.0, 0.3, 1.0])
def test_so_many_images_are_mirrored(flip):
    found = maps(Augmentation(flip))
    mirrored = found[:, 0, 0] < 0
    assert mirrored.mean() == pytest.approx(flip, abs=0.03)
    for one in found[mirrored]:
        np.testing.assert_array_equal(one, [[-1, 0, 0], [0, 1, 0]])


def test_shifts_are_spread_over_fractions_of_width_and_height():
    found = maps(Augmentation(width_shift=0.1, height_shift=0.25))
    for axis, most in ((0, 2.0), (1, 7.0)):  # pixels
        moved = found[:, axis, 2]
        assert -most <= moved.min() < -0.99 * most
        assert 0.99 * most < moved.max() <= most


def test_turns_are_spread_over_the_angles_and_keep_lengths():
    found = maps(Augmentation(rotation_degrees=30))[:, :, :2]
    angles = np.degrees(np.arctan2(found[:, 1, 0], found[:, 0, 0]))
    assert -30.01 < angles.min() < -29.5
    assert 29.5 < angles.max() < 30.01
    np.testing.assert_allclose(np.linalg.det(found), 1, atol=1e-4)


def test_a_positive_angle_turns_what_is_seen_anticlockwise():
    found = maps(Augmentation(rotation_degrees=90))
    quarter = found[np.degrees(np.arctan2(found[:, 1, 0], found[:, 0, 0])) > 89]
    up = quarter @ [0, -5, 1]  # what comes to lie above the centre was to its right
    np.testing.assert_allclose(up, len(up) * [[5, 0]], atol=0.1)


def test_an_image_becomes_as_much_larger_as_drawn():
    found = maps(Augmentation(zoom=0.5))
    sizes = 1 / found[:, 0, 0]
    assert 0.5 <= sizes.min() < 0.51
    assert 1.49 < sizes.max() <= 1.5001
    np.testing.assert_array_equal(found[:, 0, 0], found[:, 1, 1])


@given(
    st.builds(
        Augmentation,
        flip=st.floats(0, 1),
        rotation_degrees=st.floats(0, 180),
        width_shift=st.floats(0, 1),
        height_shift=st.floats(0, 1),
        zoom=st.floats(0, 0.5),
    ),
    st.integers(0, 2**31 - 1),
)
def test_places_of_all_pixels_are_exact_in_float32(given, seed):
    height, width = 28, 20
    found = augmentation.transforms(spec(given, seed=seed), (8, height, width, 1), 0)
    assert np.isfinite(found).all()
    u, v = np.arange(width) - (width - 1) / 2, (np.arange(height) - (height - 1) / 2)[:, None]
    places = []
    for dtype in (np.float32, np.float64):
        a, b, c = (found[:, :, i, None, None].astype(dtype) for i in range(3))
        places.append(a * u.astype(dtype) + (b * v.astype(dtype) + c))
    assert places[0].dtype == np.float32
    np.testing.assert_array_equal(*places)


def test_the_background_is_pixel_0_as_the_images_have_it():
    assert augmentation.background(Normalization(0.5, 0.5)) == -1
    assert augmentation.background(Normalization(0.1307, 0.3081)) == (0 / 255 - 0.1307) / 0.3081


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
def test_a_chunk_carries_the_maps_of_its_samples_in_the_jobs_precision(precision):
    job = spec(precision=precision)
    order = [np.array([[4, 2], [0, 3]], np.int32), np.array([[1]], np.int32)]
    found = list(chunks.carried(job, SHAPE, 7, order, ()))
    for chunk, indices in zip(found, order, strict=True):
        np.testing.assert_array_equal(chunk.indices, indices)
        drawn = chunk.drawn[augmentation.TRANSFORMS]
        assert drawn.dtype == (np.float32 if precision is Precision.FLOAT32 else np.float64)
        np.testing.assert_array_equal(drawn, maps(ALL, epoch=7)[indices])


def test_the_digest_tells_of_every_epoch_and_of_what_is_asked():
    shape = (10, 28, 28, 1)
    found = augmentation.digest(spec(epochs=2), shape)
    others = [spec(epochs=3), spec(epochs=2, seed=1), spec(replace(ALL, zoom=0.2), epochs=2)]
    assert len(found) == 64
    assert len({found, *(augmentation.digest(job, shape) for job in others)}) == 4
