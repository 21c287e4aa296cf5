"""Initial values, and files of weights."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract.enums import ActivationFunction, Distribution, FanMode, Precision
from twinrun.contract.initializers import Normal, VarianceScaling, Zeros
from twinrun.contract.layers import Activation, BatchNorm, Conv2d, CustomDense, Dense, Flatten

from services.errors import BadWeights
from services.model import shapes, weights

LAW = settings(database=None, max_examples=50)
SEEDS = st.integers(0, 2**31 - 1)
MLP = (Flatten(), Dense(8), Activation(ActivationFunction.RELU), Dense(3))
SHAPE = (4, 4, 1)


def test_initial_values_have_canonical_names_and_shapes_in_model_order() -> None:
    found = weights.initial(MLP, SHAPE, 0, Precision.FLOAT32)
    assert {name: array.shape for name, array in found.items()} == {
        "layers.1.kernel": (16, 8),
        "layers.1.bias": (8,),
        "layers.3.kernel": (8, 3),
        "layers.3.bias": (3,),
    }


@LAW
@given(SEEDS)
def test_single_precision_starts_from_the_double_values_cast(seed: int) -> None:
    double = weights.initial(MLP, SHAPE, seed, Precision.FLOAT64)
    for precision in (Precision.FLOAT32, Precision.BFLOAT16):
        single = weights.initial(MLP, SHAPE, seed, precision)
        for name, array in double.items():
            assert array.dtype == np.float64
            assert single[name].dtype == np.float32
            assert np.array_equal(single[name], array.astype(np.float32))


def test_every_parameter_draws_from_a_stream_of_its_own() -> None:
    alike = (Flatten(), *(Dense(16, Normal(), Normal()) for _ in range(4)))
    drawn = list(weights.initial(alike, SHAPE, 0, Precision.FLOAT64).values())
    firsts = [array.ravel()[0] for array in drawn]
    assert len(set(firsts)) == len(firsts)
    longer = weights.initial((*alike, Dense(16)), SHAPE, 0, Precision.FLOAT64)
    for before, after in zip(drawn, longer.values(), strict=False):
        assert np.array_equal(before, after)


@pytest.mark.parametrize(("mode", "fan"), [(FanMode.IN, 400), (FanMode.OUT, 100)])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_variance_scaling_has_the_variance_that_its_fan_asks_for(
    mode: FanMode, fan: int, scale: float
) -> None:
    for distribution in Distribution:
        dense = Dense(100, VarianceScaling(scale, mode, distribution))
        drawn = weights.initial((Flatten(), dense), (20, 20, 1), 7, Precision.FLOAT64)
        kernel = drawn["layers.1.kernel"]
        assert np.var(kernel) == pytest.approx(scale / fan, rel=0.03)
        assert abs(kernel.mean()) < 4 * math.sqrt(scale / fan / kernel.size)
        if distribution is Distribution.UNIFORM:
            assert np.abs(kernel).max() <= math.sqrt(3 * scale / fan)


def test_the_default_kernel_is_glorots_uniform_and_the_default_bias_zero() -> None:
    drawn = weights.initial((Flatten(), Dense(200)), (20, 20, 1), 0, Precision.FLOAT64)
    limit = math.sqrt(6 / (400 + 200))
    assert 0.999 * limit < np.abs(drawn["layers.1.kernel"]).max() <= limit
    assert not drawn["layers.1.bias"].any()


def test_a_normal_initializer_has_its_standard_deviation() -> None:
    dense = Dense(200, Normal(0.25), Zeros())
    drawn = weights.initial((Flatten(), dense), (20, 20, 1), 0, Precision.FLOAT64)
    assert np.std(drawn["layers.1.kernel"]) == pytest.approx(0.25, rel=0.02)


@LAW
@given(SEEDS, st.sampled_from(Precision))
def test_a_weights_file_gives_back_the_same_bits(seed: int, precision: Precision) -> None:
    before = weights.initial(MLP, SHAPE, seed, precision)
    content = weights.to_safetensors(before)
    after = weights.from_safetensors(content, shapes.parameters(MLP, SHAPE), precision)
    assert list(after) == list(before)
    assert all(after[name].tobytes() == before[name].tobytes() for name in before)
    assert weights.to_safetensors(after) == content


def test_weights_are_cast_to_the_precision_that_reads_them() -> None:
    content = weights.to_safetensors(weights.initial(MLP, SHAPE, 0, Precision.FLOAT32))
    read = weights.from_safetensors(content, shapes.parameters(MLP, SHAPE), Precision.FLOAT64)
    assert {array.dtype for array in read.values()} == {np.dtype(np.float64)}


@pytest.mark.parametrize("content", [b"", b"no safetensors", b"\xff" * 100])
def test_a_file_that_is_not_safetensors_is_refused(content: bytes) -> None:
    with pytest.raises(BadWeights, match="not a safetensors file"):
        weights.from_safetensors(content, shapes.parameters(MLP, SHAPE), Precision.FLOAT32)


def test_a_truncated_weights_file_is_refused() -> None:
    content = weights.to_safetensors(weights.initial(MLP, SHAPE, 0, Precision.FLOAT32))
    with pytest.raises(BadWeights):
        weights.from_safetensors(content[:-1], shapes.parameters(MLP, SHAPE), Precision.FLOAT32)


def test_another_models_weights_are_refused_by_name() -> None:
    content = weights.to_safetensors(weights.initial(MLP, SHAPE, 0, Precision.FLOAT32))
    other = (Flatten(), Dense(8), Dense(4))
    with pytest.raises(BadWeights, match=r"layers\.3\.kernel is \(8, 3\), the model has none"):
        weights.from_safetensors(content, shapes.parameters(other, SHAPE), Precision.FLOAT32)


def test_a_convolutions_fans_are_channels_times_the_pixels_of_its_window() -> None:
    kernel, bias = shapes.parameters((Conv2d(8, size=5),), (28, 28, 3))
    assert (kernel.shape, bias.shape) == ((5, 5, 3, 8), (8,))
    assert (kernel.fan_in, kernel.fan_out) == (75, 200)


def test_a_custom_layer_draws_kernel_and_bias_from_its_normal_distribution() -> None:
    drawn = weights.initial((Flatten(), CustomDense(400, 0.05)), (20, 20, 1), 0, Precision.FLOAT64)
    assert drawn["layers.1.kernel"].std() == pytest.approx(0.05, rel=0.02)
    assert drawn["layers.1.bias"].std() == pytest.approx(0.05, rel=0.2)


@pytest.mark.parametrize("shape", [(4, 4, 3), (6, 3), (48,)])
def test_a_batch_norm_has_a_value_of_each_kind_for_each_channel_and_trains_two(shape) -> None:
    found = shapes.parameters((BatchNorm(),), shape)
    assert {p.name.removeprefix("layers.0."): p.trained for p in found} == {
        "gamma": True,
        "beta": True,
        "moving_mean": False,
        "moving_variance": False,
    }
    assert {p.shape for p in found} == {shape[-1:]}
    assert shapes.output_shape(BatchNorm(), shape) == shape
    drawn = weights.initial((BatchNorm(),), shape, 0, Precision.FLOAT32)
    assert [set(array.tolist()) for array in drawn.values()] == [{1}, {0}, {0}, {1}]


@pytest.mark.parametrize("layer", [Dense(5, use_bias=False), Conv2d(5, use_bias=False)], ids=str)
def test_a_layer_without_a_bias_has_a_kernel_alone(layer) -> None:
    shape = (8, 8, 1) if isinstance(layer, Conv2d) else (64,)
    (kernel,) = shapes.parameters((layer,), shape)
    assert kernel.name == "layers.0.kernel"
    assert kernel.shape[-1] == 5
