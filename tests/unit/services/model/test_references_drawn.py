"""Initial values, augmentation and data that are made, held against plain Python."""

import hashlib
import itertools
import math
import struct
from statistics import NormalDist

import numpy as np
import pytest
from twinrun.contract.enums import Distribution, FanMode, Precision
from twinrun.contract.initializers import (
    Constant,
    Normal,
    Orthogonal,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)
from twinrun.contract.layers import BatchNorm, Conv2d, CustomDense, Dense, Flatten
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Augmentation, Dataset, JobSpec, Normalization

from services.data import synthetic
from services.model import augmentation, weights
from services.model.weights import parameter_dtype
from tests.builders import philox

SHAPE = (5, 4, 2)
UNIFORM, NORMAL = Distribution.UNIFORM, Distribution.NORMAL


def uniform(seed: int, stream: int, limit: float, size: int) -> list[float]:
    drawn = itertools.islice(philox.fractions(seed, stream), size)
    return [-limit + 2 * limit * fraction for fraction in drawn]


# -------------------------------------------------------------------------------- initial values


@pytest.mark.parametrize("mode", FanMode)
@pytest.mark.parametrize("scale", [1.0, 2.0, 0.3])
def test_uniform_values_are_those_drawn_by_hand_from_each_parameters_own_stream(mode, scale):
    scaling = VarianceScaling(scale, mode, UNIFORM)
    layers = (Conv2d(3, 2, kernel_initializer=scaling), Flatten(), Dense(7, scaling, scaling))
    # A fan is a channel times the pixels of a window. Fans of 2x2 windows, and of a dense layer.
    fans = {"layers.0.kernel": (8, 12), "layers.2.kernel": (36, 7), "layers.2.bias": (36, 7)}
    places = {"layers.0.kernel": 0, "layers.2.kernel": 2, "layers.2.bias": 3}
    found = weights.initial(layers, SHAPE, 11, Precision.FLOAT64)
    assert list(found) == ["layers.0.kernel", "layers.0.bias", "layers.2.kernel", "layers.2.bias"]
    for name, (fan_in, fan_out) in fans.items():
        fan = {FanMode.IN: fan_in, FanMode.OUT: fan_out, FanMode.AVERAGE: (fan_in + fan_out) / 2}
        limit = math.sqrt(3 * scale / fan[mode])
        wanted = uniform(11, 2**32 + places[name], limit, found[name].size)
        np.testing.assert_allclose(found[name].ravel(), wanted, rtol=1e-14, atol=1e-17)
    assert not found["layers.0.bias"].any()


def test_truncated_values_are_normal_ones_of_which_those_beyond_two_deviations_are_redrawn():
    drawn = (
        weights.initial(
            (Flatten(), Dense(300, TruncatedNormal(0.5))), (20, 20, 1), 3, Precision.FLOAT64
        )["layers.1.kernel"].ravel()
        / 0.5
    )
    generator = np.random.Generator(np.random.Philox(key=[3, 2**32]))
    wanted = generator.standard_normal(drawn.size).tolist()
    while far := [i for i, value in enumerate(wanted) if abs(value) > 2]:
        for i in far:
            wanted[i] = generator.standard_normal()
    np.testing.assert_allclose(drawn, wanted, rtol=1e-14)
    assert 1.999 < np.abs(drawn).max() <= 2
    assert drawn.std() == pytest.approx(0.8796, abs=0.01)


@pytest.mark.parametrize("given", [Constant(0.25), Constant(-3.0), Constant()], ids=str)
def test_constant_values_are_all_the_one(given):
    drawn = weights.initial((Flatten(), Dense(7, given, given)), SHAPE, 3, Precision.FLOAT64)
    assert {value for array in drawn.values() for value in array.ravel()} == {given.value}


@pytest.mark.parametrize("layer", [Dense(9, Orthogonal(1.5)), Dense(60, Orthogonal(1.5))], ids=str)
def test_orthogonal_values_are_normal_vectors_made_orthonormal_one_after_the_other(layer):
    drawn = weights.initial((Flatten(), layer), SHAPE, 3, Precision.FLOAT64)["layers.1.kernel"]
    few, many = sorted(drawn.shape)
    rows = (drawn if drawn.shape[0] == few else drawn.T) / 1.5
    np.testing.assert_allclose(rows @ rows.T, np.eye(few), atol=1e-14)
    generator = np.random.Generator(np.random.Philox(key=[3, 2**32]))
    made: list[list[float]] = []
    for vector in generator.standard_normal((few, many)).tolist():
        for other in made:
            share = math.fsum(a * b for a, b in zip(vector, other, strict=True))
            vector = [a - share * b for a, b in zip(vector, other, strict=True)]  # noqa: PLW2901
        size = math.sqrt(math.fsum(a * a for a in vector))
        made.append([a / size for a in vector])
    np.testing.assert_allclose(rows, made, atol=1e-11)


def test_an_orthogonal_kernel_of_a_convolution_has_a_column_for_each_filter():
    layers = (Conv2d(3, 2, kernel_initializer=Orthogonal()), Flatten(), Dense(2))
    drawn = weights.initial(layers, SHAPE, 3, Precision.FLOAT64)["layers.0.kernel"]
    columns = drawn.reshape(-1, 3)
    np.testing.assert_allclose(columns.T @ columns, np.eye(3), atol=1e-14)


@pytest.mark.parametrize(
    ("initializer", "deviation"),
    [
        (Normal(0.25), 0.25),
        (Normal(), 1.0),
        (VarianceScaling(1.0, FanMode.IN, NORMAL), 0.05),
        (VarianceScaling(2.0, FanMode.OUT, NORMAL), math.sqrt(2 / 300)),
        (VarianceScaling(2.0, FanMode.AVERAGE, NORMAL), math.sqrt(2 / 350)),
    ],
    ids=str,
)
def test_normal_values_are_distributed_as_a_normal_distribution_is(initializer, deviation):
    layers = (Flatten(), Dense(300, initializer))
    drawn = weights.initial(layers, (20, 20, 1), 3, Precision.FLOAT64)["layers.1.kernel"]
    values = np.sort(drawn.ravel()) / deviation
    normal = NormalDist()
    places = np.linspace(0.001, 0.999, 400)
    found = np.interp([normal.inv_cdf(p) for p in places], values, np.linspace(0, 1, values.size))
    assert np.abs(found - places).max() < 1.95 / math.sqrt(values.size)  # Kolmogorov, 0.1 %
    assert abs(values.mean()) < 4 / math.sqrt(values.size)
    assert np.mean(values**2) == pytest.approx(1, abs=6 / math.sqrt(values.size))
    assert np.mean(values**4) == pytest.approx(3, abs=40 / math.sqrt(values.size))


def test_normal_values_come_from_the_parameters_own_stream():
    layers = (BatchNorm(), Flatten(), CustomDense(3, 0.5), Dense(2, Normal(), Normal(2.0)))
    found = weights.initial(layers, SHAPE, 8, Precision.FLOAT64)
    wanted = {4: ("layers.2.kernel", 0.5), 5: ("layers.2.bias", 0.5)}
    wanted |= {6: ("layers.3.kernel", 1.0), 7: ("layers.3.bias", 2.0)}
    shapes = {"layers.2.kernel": (40, 3), "layers.3.kernel": (3, 2)}
    assert {name: found[name].shape for name in shapes} == shapes
    for index, (name, deviation) in wanted.items():
        generator = np.random.Generator(np.random.Philox(key=[8, 2**32 + index]))
        drawn = deviation * generator.standard_normal(found[name].shape)
        np.testing.assert_array_equal(found[name], drawn)


def test_no_two_parameters_and_no_two_seeds_have_values_in_common():
    layers = (Flatten(), *(Dense(16, Normal(), Normal()) for _ in range(20)))
    drawn = [
        value
        for seed in range(5)
        for array in weights.initial(layers, SHAPE, seed, Precision.FLOAT64).values()
        for value in array.ravel().tolist()
    ]
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("precision", Precision)
def test_values_are_rounded_once_from_float64_to_the_parameters_precision(precision):
    layers = (Conv2d(3, 2), BatchNorm(), Flatten(), Dense(7, Normal(), Zeros()))
    wide = weights.initial(layers, SHAPE, 2, Precision.FLOAT64)
    for name, array in weights.initial(layers, SHAPE, 2, precision).items():
        rounded = [
            value if precision is Precision.FLOAT64 else struct.unpack("f", struct.pack("f", value))
            for value in wide[name].ravel().tolist()
        ]
        assert array.dtype == (np.float64 if precision is Precision.FLOAT64 else np.float32)
        np.testing.assert_array_equal(array.ravel(), np.ravel(rounded))


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
@pytest.mark.parametrize(("seed", "draw"), [(0, 1), (7, 1), (7, 3)])
def test_a_perturbed_model_has_every_value_but_zeros_one_unit_up_or_down_as_drawn(
    precision, seed, draw
):
    layers = (Flatten(), Dense(6, Normal()), BatchNorm(), Dense(3, Normal(), Normal()))
    plain = weights.initial(layers, SHAPE, 1, precision)
    kept = {name: array.copy() for name, array in plain.items()}
    found = weights.perturbed(plain, seed, draw)
    drawn = philox.fractions(seed, 2**35 + draw - 1)
    assert list(found) == list(plain)
    for name, before in kept.items():
        np.testing.assert_array_equal(plain[name], before)  # what was given stays
        assert found[name].dtype == before.dtype
        assert found[name].shape == before.shape
        bits = np.int64 if precision is Precision.FLOAT64 else np.int32
        ours, theirs = (
            array.ravel().view(bits).astype(np.int64) for array in (before, found[name])
        )
        for value, one, other in zip(before.ravel(), ours, theirs, strict=True):
            down = next(drawn) < 0.5
            away = (value > 0) != down  # from zero; of floats as integers a unit is a unit
            assert other - one == (0 if value == 0 else (1 if away else -1))


# ---------------------------------------------------------------------------------- augmentation


def job(given: Augmentation, **changes) -> JobSpec:
    return JobSpec(
        Dataset("mnist"), (), Optimizer(Adam()), threads=1, augmentation=given, **changes
    )


@pytest.mark.parametrize("epoch", [0, 1, 39, 9_999])
@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_maps_are_the_inverse_of_flip_turn_zoom_and_shift_one_after_the_other(seed, epoch):
    given = Augmentation(0.4, 35, 0.2, 0.1, 0.3)
    spec, (height, width) = job(given, seed=seed), (9, 7)
    found = augmentation.transforms(spec, (40, height, width, 1), epoch)
    assert found.dtype == np.float64
    drawn = philox.fractions(seed, 2**34 + epoch)
    for of_image in found:
        flip, angle, right, down, size = itertools.islice(drawn, 5)
        angle = math.radians(35 * (2 * angle - 1))
        mirror = np.diag([-1.0 if flip < 0.4 else 1.0, 1.0, 1.0])
        # Seen anticlockwise, where v points down.
        cos, sin = math.cos(angle), math.sin(angle)
        turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
        zoom = np.diag([1 + 0.3 * (2 * size - 1)] * 2 + [1.0])
        shift = np.array([[1, 0, 0.2 * 7 * (2 * right - 1)], [0, 1, 0.1 * 9 * (2 * down - 1)]])
        shift = np.vstack([shift, [0, 0, 1]])
        inverse = np.linalg.inv(shift @ zoom @ turn @ mirror)[:2]
        np.testing.assert_allclose(of_image, inverse, rtol=0, atol=2**-16 + 1e-12)
        np.testing.assert_array_equal(of_image * 2**15, np.rint(of_image * 2**15))


def test_the_digest_is_of_the_maps_of_all_epochs_one_after_the_other():
    spec, shape = job(Augmentation(0.5, 20), epochs=3), (4, 5, 6, 1)
    content = b"".join(
        struct.pack("<24d", *augmentation.transforms(spec, shape, epoch).ravel())
        for epoch in range(3)
    )
    assert augmentation.digest(spec, shape) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(("mean", "std"), [(0.5, 0.5), (0.1307, 0.3081), (-2.0, 8.0)])
def test_the_background_is_pixel_0_normalised(mean, std):
    assert augmentation.background(Normalization(mean, std)) == (0 - mean) / std


@pytest.mark.parametrize("changed", ["flip", "rotation_degrees", "width_shift", "zoom"])
def test_a_job_that_asks_for_one_thing_augments(changed):
    assert augmentation.wanted(job(Augmentation(**{changed: 0.1})))


def test_parameters_are_kept_in_float64_with_float64_alone():
    assert {p: parameter_dtype(p) for p in Precision} == {
        Precision.FLOAT32: np.float32,
        Precision.FLOAT64: np.float64,
        Precision.BFLOAT16: np.float32,
        Precision.FLOAT16: np.float32,
    }


# ------------------------------------------------------------------------------- synthetic images


@pytest.mark.parametrize("split", synthetic.Split)
def test_synthetic_images_are_a_class_pattern_under_noise_by_hand(split):
    shape, classes, samples = (3, 2, 2), 3, 50
    images, labels = synthetic.make(9, split, samples, shape, classes)

    def generator(stream: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[9, 2**33 + stream]))

    streams = {synthetic.Split.TRAIN: (1, 2), synthetic.Split.TEST: (3, 4)}[split]
    patterns = generator(0).integers(0, 256, (classes, *shape), dtype=np.uint8).astype(int)
    wanted = generator(streams[0]).integers(0, classes, samples, dtype=np.int32)
    noise = generator(streams[1]).integers(0, 256, (samples, *shape), dtype=np.uint8).astype(int)
    ratio = 4 / math.sqrt(12)
    share = round(256 * ratio / (1 + ratio))
    np.testing.assert_array_equal(labels, wanted)
    mixed = [n * (256 - share) + patterns[c] * share for n, c in zip(noise, wanted, strict=True)]
    np.testing.assert_array_equal(images, np.array(mixed) // 256)
    assert (images.dtype, labels.dtype) == (np.uint8, np.int32)
