"""Each framework resamples images as NumPy does, and as mirrors, rotations and shifts must."""

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from twinrun.contract.enums import Execution, OwnWay, Precision
from twinrun.contract.layers import Conv2d, Dense, Dropout, Flatten
from twinrun.contract.spec import Augmentation, Dataset, Normalization

from services.model import augmentation
from tests.each import of
from tests.frameworks import jobs, reference
from tests.frameworks.ways import name_of

SHAPES = [(28, 28, 1), (4, 3, 2), (5, 5, 3), (9, 34, 1)]
IDENTITY = np.array([[1.0, 0, 0], [0, 1, 0]])
MIRROR = np.array([[-1.0, 0, 0], [0, 1, 0]])
FILL = -1.0  # pixel 0, by the normalisation of jobs.data
EXECUTIONS = [Execution.DEFAULT, Execution.EAGER]


def resample_of(framework):
    """Return a function: images [n, h, w, c] by maps [n, 2, 3] on the framework, in NumPy."""
    name = name_of(framework)
    device = importlib.import_module(f"services.{name}.device")

    def resampled(images, maps, execution=Execution.EAGER):
        precision = Precision.FLOAT64 if images.dtype == np.float64 else Precision.FLOAT32
        job = jobs.spec(augmentation=Augmentation(0.5), precision=precision, execution=execution)
        device.prepare(job)
        maps = np.ascontiguousarray(maps, images.dtype)
        images, drawn = of(name).array(images), {augmentation.TRANSFORMS: of(name).array(maps)}
        return np.asarray(of(name).augmenting(job, images)(images, drawn))

    return resampled


def images(shape, samples=7, dtype=np.float64):
    pixels = np.random.default_rng(5).integers(0, 256, (samples, *shape))
    return (pixels / 127.5 - 1).astype(dtype)


def maps(shape, samples=7, given=jobs.AUGMENTATION):
    return augmentation.transforms(jobs.spec(augmentation=given), (samples, *shape), 3)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("given", [jobs.AUGMENTATION, Augmentation(0.5, 180, 1, 1, 0.9)], ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_pixels_are_those_of_numpy(framework, shape, given, dtype, execution):
    before, by = images(shape), maps(shape, given=given)
    found = resample_of(framework)(before.astype(dtype), by, execution)
    assert found.dtype == dtype
    off = 1e-14 if dtype is np.float64 else 4e-7
    np.testing.assert_allclose(found, reference.resample(before, by, FILL), rtol=0, atol=off)


# Without denormal numbers: a trainer that ran before in this process has made them zero.
values = st.floats(-1, 1, width=16, allow_subnormal=False)
pixels = arrays(np.float64, (2, 5, 6, 1), elements=values)
places = st.tuples(st.integers(-7, 7), st.integers(-6, 6))


def repeated(one):
    return np.stack([one, one])


@given(pixels)
def test_the_map_of_each_pixel_to_itself_changes_nothing(framework, pixels):
    resample = resample_of(framework)
    np.testing.assert_array_equal(resample(pixels, repeated(IDENTITY)), pixels)


@given(pixels)
def test_a_mirrored_image_is_the_image_from_right_to_left_and_twice_the_image(framework, pixels):
    resample = resample_of(framework)
    mirrored = resample(pixels, repeated(MIRROR))
    np.testing.assert_array_equal(mirrored, pixels[:, :, ::-1])
    np.testing.assert_array_equal(resample(mirrored, repeated(MIRROR)), pixels)


@given(pixels, places)
def test_a_move_by_whole_pixels_is_a_shift_with_background_behind_it(framework, pixels, place):
    right, down = place
    moved = IDENTITY - [[0, 0, right], [0, 0, down]]
    found = resample_of(framework)(pixels, repeated(moved))
    wanted = np.full((2, 5 + 14, 6 + 14, 1), FILL)
    wanted[:, 7 + down : 12 + down, 7 + right : 13 + right] = pixels
    np.testing.assert_array_equal(found, wanted[:, 7:12, 7:13])


@pytest.mark.parametrize("execution", jobs.EXECUTIONS)
def test_test_images_are_not_augmented(framework, execution):
    job = jobs.spec(layers=jobs.SHALLOW, execution=execution, epochs=1)
    plain, augmented = (
        framework.Trainer(jobs.replace(job, augmentation=given), jobs.data(), jobs.weights(job))
        for given in (Augmentation(), jobs.AUGMENTATION)
    )
    np.testing.assert_array_equal(plain.evaluate(), augmented.evaluate())


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_masks_of_dropout_are_drawn_beside_the_maps_of_images(framework, execution):
    layers = (Conv2d(3), Dropout(0.5), Flatten(), Dense(jobs.CLASSES))
    job = jobs.spec(
        layers=layers,
        augmentation=jobs.AUGMENTATION,
        execution=execution,
        batch_size=8,
        report_every_steps=6,
        epochs=2,
    )
    wanted, _ = reference.train(job, jobs.data(), jobs.weights(job))[:2]
    np.testing.assert_allclose(jobs.train(framework, job).losses, wanted, rtol=1e-12)


@pytest.mark.parametrize("execution", jobs.EXECUTIONS)
def test_a_trainer_shows_the_images_that_its_first_epoch_trains_on(framework, execution):
    job = jobs.spec(augmentation=jobs.AUGMENTATION, execution=execution)
    data = jobs.data()
    by = augmentation.transforms(job, data.train_images.shape, 0)
    found = framework.Trainer(job, data, jobs.weights(job)).augmented()[0]
    np.testing.assert_allclose(
        found, reference.resample(data.train_images, by, FILL), rtol=0, atol=1e-14
    )
    plain = jobs.spec(execution=execution)
    found = framework.Trainer(plain, data, jobs.weights(plain)).augmented()[0]
    np.testing.assert_array_equal(found, data.train_images)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_what_comes_in_from_outside_is_pixel_0_by_the_jobs_own_normalisation(framework, execution):
    dataset = Dataset("synthetic", normalization=Normalization(0.25, 0.125))
    job = jobs.spec(
        augmentation=Augmentation(width_shift=1), dataset=dataset, execution=execution, epochs=1
    )
    found = jobs.train(framework, job).losses
    wanted, _ = reference.train(job, jobs.data(), jobs.weights(job))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    other = jobs.replace(job, dataset=Dataset("synthetic"))
    assert not np.allclose(found, jobs.train(framework, other).losses, rtol=1e-3)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_an_own_data_pipeline_brings_images_that_are_augmented_all_the_same(framework, execution):
    job = jobs.spec(
        augmentation=jobs.AUGMENTATION,
        own_ways=(OwnWay.DATA_PIPELINE,),
        execution=execution,
        layers=jobs.SHALLOW,
        epochs=2,
    )
    wanted, _ = reference.train(job, jobs.data(), jobs.weights(job))
    np.testing.assert_allclose(jobs.train(framework, job).losses, wanted, rtol=1e-12)
