"""What both frameworks share: batch order, initial values, weights files, shapes, metrics."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from twinrun.contract.enums import ActivationFunction, Distribution, FanMode, Loss, Precision
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    CustomDense,
    Dense,
    Flatten,
    Layer,
    MaxPool2d,
    Normal,
    VarianceScaling,
    Zeros,
)

from services.errors import BadWeights
from services.model import metrics, order, shapes, weights
from services.model.layers.parameter import Shape

LAW = settings(database=None, max_examples=50)
SEEDS = st.integers(0, 2**31 - 1)
EPOCHS = st.integers(0, 9_999)
LOSS = Loss.SOFTMAX_CROSS_ENTROPY
RELU, SOFTMAX = Activation(ActivationFunction.RELU), Activation(ActivationFunction.SOFTMAX)
MLP = (Flatten(), Dense(8), RELU, Dense(3))
SHAPE = (4, 4, 1)


# ------------------------------------------------------------------------------- batch order


@LAW
@given(SEEDS, EPOCHS, st.integers(1, 2_000))
def test_an_epoch_has_every_sample_once(seed: int, epoch: int, samples: int) -> None:
    found = order.permutation(seed, epoch, samples)
    assert found.dtype == np.int32
    assert np.array_equal(np.sort(found), np.arange(samples))


@LAW
@given(SEEDS, EPOCHS)
def test_every_epoch_and_every_seed_has_an_order_of_its_own(seed: int, epoch: int) -> None:
    one = order.permutation(seed, epoch, 1_000)
    assert np.array_equal(one, order.permutation(seed, epoch, 1_000))
    assert not np.array_equal(one, order.permutation(seed, epoch + 1, 1_000))
    assert not np.array_equal(one, order.permutation(seed + 1, epoch, 1_000))


@LAW
@given(st.integers(1, 500), st.integers(1, 70), st.integers(1, 20))
def test_chunks_are_the_order_cut_with_a_short_last_batch_alone(
    samples: int, batch_size: int, steps: int
) -> None:
    whole = order.permutation(0, 0, samples)
    chunks = order.chunks(whole, batch_size, steps)
    assert np.array_equal(np.concatenate([chunk.ravel() for chunk in chunks]), whole)
    assert sum(len(chunk) for chunk in chunks) == math.ceil(samples / batch_size)
    assert all(1 <= len(chunk) <= steps for chunk in chunks)
    sizes = [chunk.shape[1] for chunk in chunks]
    assert all(size == batch_size for size in sizes[:-1])
    assert sizes[-1] == batch_size or chunks[-1].shape == (1, samples % batch_size)


def test_the_digest_of_the_order_depends_on_all_that_the_order_does() -> None:
    def digest(seed: int, epochs: int, samples: int) -> str:
        return order.digest(order.permutation(seed, epoch, samples) for epoch in range(epochs))

    digests = {digest(*of) for of in [(0, 2, 9), (1, 2, 9), (0, 3, 9), (0, 2, 10)]}
    assert len(digests) == 4


# ---------------------------------------------------------------------------- initial values


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


# ------------------------------------------------------------------------------ weights files


@LAW
@given(SEEDS, st.sampled_from(Precision))
def test_a_weights_file_gives_back_the_same_bits(seed: int, precision: Precision) -> None:
    before = weights.initial(MLP, SHAPE, seed, precision)
    content = weights.to_safetensors(before)
    after = weights.from_safetensors(content, MLP, SHAPE, precision)
    assert list(after) == list(before)
    assert all(after[name].tobytes() == before[name].tobytes() for name in before)
    assert weights.to_safetensors(after) == content


def test_weights_are_cast_to_the_precision_that_reads_them() -> None:
    content = weights.to_safetensors(weights.initial(MLP, SHAPE, 0, Precision.FLOAT32))
    read = weights.from_safetensors(content, MLP, SHAPE, Precision.FLOAT64)
    assert {array.dtype for array in read.values()} == {np.dtype(np.float64)}


@pytest.mark.parametrize("content", [b"", b"no safetensors", b"\xff" * 100])
def test_a_file_that_is_not_safetensors_is_refused(content: bytes) -> None:
    with pytest.raises(BadWeights, match="not a safetensors file"):
        weights.from_safetensors(content, MLP, SHAPE, Precision.FLOAT32)


def test_a_truncated_weights_file_is_refused() -> None:
    content = weights.to_safetensors(weights.initial(MLP, SHAPE, 0, Precision.FLOAT32))
    with pytest.raises(BadWeights):
        weights.from_safetensors(content[:-1], MLP, SHAPE, Precision.FLOAT32)


def test_another_models_weights_are_refused_by_name() -> None:
    content = weights.to_safetensors(weights.initial(MLP, SHAPE, 0, Precision.FLOAT32))
    other = (Flatten(), Dense(8), Dense(4))
    with pytest.raises(BadWeights, match=r"layers\.3\.kernel is \(8, 3\), the model has none"):
        weights.from_safetensors(content, other, SHAPE, Precision.FLOAT32)


# --------------------------------------------------------------------------------------- shapes


def test_a_softmax_that_stands_last_is_not_trained() -> None:
    assert shapes.trained_layers((*MLP, SOFTMAX)) == MLP
    assert shapes.trained_layers(MLP) == MLP


@LAW
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 50))
def test_flatten_keeps_every_value_and_dense_makes_its_units(sizes: list[int], units: int) -> None:
    flat = shapes.output_shape(Flatten(), tuple(sizes))
    assert flat == (math.prod(sizes),)
    assert shapes.output_shape(Dense(units), flat) == (units,)
    assert shapes.output_shape(RELU, tuple(sizes)) == tuple(sizes)


@pytest.mark.parametrize(
    ("model", "field", "message"),
    [
        ((), "layers", "is empty"),
        ((Dense(3),), "layers[0].dense", "put a flatten before it"),
        ((Flatten(), SOFTMAX, Dense(3)), "layers[1].activation.function", "may stand last only"),
        ((Flatten(), Dense(4)), "layers[1]", "makes 4 outputs for 3 classes"),
        ((Flatten(),), "layers", "no parameter to train"),
        ((Flatten(), Conv2d(3)), "layers[1].conv2d", "put it before the flatten"),
        ((Conv2d(3, size=99),), "layers[0].conv2d", "a window of 99 pixels"),
        ((MaxPool2d(99),), "layers[0].max_pool2d", "a window of 99 pixels"),
        ((AveragePool2d(99),), "layers[0].average_pool2d", "a window of 99 pixels"),
        ((CustomDense(3),), "layers[0].custom_dense", "put a flatten before it"),
        ((RELU,) * 1001, "layers", "at most 1000"),
    ],
)
def test_layers_that_do_not_fit_are_named(
    model: tuple[Layer, ...], field: str, message: str
) -> None:
    found = list(shapes.violations(model, SHAPE, 3))
    assert any(v.field == field and message in v.message for v in found)


@pytest.mark.parametrize(
    ("layer", "made"),
    [
        (Conv2d(5), (26, 10, 5)),
        (Conv2d(5, padding=1), (28, 12, 5)),
        (Conv2d(5, size=5, stride=2, padding=2), (14, 6, 5)),
        (MaxPool2d(), (14, 6, 3)),
        (AveragePool2d(3), (13, 5, 3)),
        (MaxPool2d(3, stride=1), (26, 10, 3)),
    ],
    ids=str,
)
def test_windows_make_as_many_values_as_fit(layer: Layer, made: Shape) -> None:
    assert shapes.output_shape(layer, (28, 12, 3)) == made


def test_a_convolutions_fans_are_channels_times_the_pixels_of_its_window() -> None:
    kernel, bias = shapes.parameters((Conv2d(8, size=5),), (28, 28, 3))
    assert (kernel.shape, bias.shape) == ((5, 5, 3, 8), (8,))
    assert (kernel.fan_in, kernel.fan_out) == (75, 200)


def test_a_custom_layer_draws_kernel_and_bias_from_its_normal_distribution() -> None:
    drawn = weights.initial((Flatten(), CustomDense(400, 0.05)), (20, 20, 1), 0, Precision.FLOAT64)
    assert drawn["layers.1.kernel"].std() == pytest.approx(0.05, rel=0.02)
    assert drawn["layers.1.bias"].std() == pytest.approx(0.05, rel=0.2)


@pytest.mark.parametrize("shape", [(4, 4, 3), (48,)])
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


def test_layers_that_fit_are_accepted_with_and_without_a_softmax() -> None:
    assert not list(shapes.violations(MLP, SHAPE, 3))
    assert not list(shapes.violations((*MLP, SOFTMAX), SHAPE, 3))


def test_a_model_of_too_many_parameters_is_refused() -> None:
    assert not list(shapes.size_violations(MLP, SHAPE))
    huge = (Flatten(), Dense(100_000), Dense(100_000))
    assert "at most" in next(iter(shapes.size_violations(huge, SHAPE))).message


# -------------------------------------------------------------------------------------- metrics


@st.composite
def answers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(st.tuples(st.integers(1, 30), st.integers(2, 12)))
    values = st.floats(-50, 50, width=32)
    logits = draw(hnp.arrays(np.float32, shape, elements=values))
    labels = draw(hnp.arrays(np.int32, shape[0], elements=st.integers(0, shape[1] - 1)))
    return logits, labels


@LAW
@given(answers())
def test_loss_and_accuracy_are_those_of_the_formula(made: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = made
    found = metrics.evaluate(logits, labels, LOSS)
    losses = [
        math.log(math.fsum(math.exp(float(z)) for z in row)) - float(row[label])
        for row, label in zip(logits, labels, strict=True)
    ]
    assert found.loss == pytest.approx(math.fsum(losses) / len(losses), rel=1e-9, abs=1e-9)
    right = sum(int(np.argmax(row)) == label for row, label in zip(logits, labels, strict=True))
    assert found.accuracy == right / len(labels)
    assert found.samples == len(labels)


@LAW
@given(answers(), st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(made: tuple[np.ndarray, np.ndarray], random) -> None:
    logits, labels = made
    shuffled = random.sample(range(len(labels)), len(labels))
    one, two = (
        metrics.evaluate(logits, labels, LOSS),
        metrics.evaluate(logits[shuffled], labels[shuffled], LOSS),
    )
    assert two.loss == pytest.approx(one.loss, rel=1e-12, abs=1e-12)
    assert two.accuracy == one.accuracy


def test_huge_logits_neither_overflow_nor_lose_the_loss() -> None:
    logits = np.array([[3e38, -3e38], [0, 3e38]], np.float32)
    found = metrics.evaluate(logits, np.array([0, 0], np.int32), LOSS)
    assert found.loss == pytest.approx(float(np.float32(3e38)) / 2)
    assert found.accuracy == 0.5


def test_a_tie_goes_to_the_lower_class() -> None:
    logits = np.zeros((2, 4), np.float32)
    found = metrics.evaluate(logits, np.array([0, 1], np.int32), LOSS)
    assert found.accuracy == 0.5
    assert found.loss == pytest.approx(math.log(4))


@pytest.mark.parametrize("where", [0, 1])
def test_a_nan_makes_the_loss_nan_and_counts_as_wrong(where: int) -> None:
    logits = np.array([[2, 1], [2, 1]], np.float32)
    logits[0, where] = np.nan
    found = metrics.evaluate(logits, np.array([0, 0], np.int32), LOSS)
    assert math.isnan(found.loss)
    assert found.accuracy == 0.5


def test_infinite_logits_make_the_loss_nan_without_a_warning() -> None:
    logits = np.array([[np.inf, 1], [-np.inf, -np.inf]], np.float32)
    assert math.isnan(metrics.evaluate(logits, np.array([0, 0], np.int32), LOSS).loss)


@LAW
@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.integers(1, 70))
def test_an_epochs_loss_is_the_mean_over_its_samples(losses: list[float], batch_size: int) -> None:
    starts = range(0, len(losses), batch_size)
    steps = np.array([np.mean(losses[start : start + batch_size]) for start in starts])
    sizes = order.batch_sizes(len(losses), batch_size, len(steps))
    found = metrics.mean_over_samples(steps, sizes)
    assert found == pytest.approx(np.mean(losses), rel=1e-12, abs=1e-12)


def test_an_epochs_loss_is_summed_in_double_precision() -> None:
    losses = np.full(100_000, 0.1, np.float32)
    found = metrics.mean_over_samples(losses, np.ones(100_000, np.int64))
    assert found == pytest.approx(float(np.float32(0.1)), rel=1e-12)


def test_a_nan_step_makes_the_epochs_loss_nan() -> None:
    assert math.isnan(metrics.mean_over_samples(np.array([1.0, np.nan]), np.array([2, 1])))


@LAW
@given(st.integers(1, 300), st.integers(1, 70), st.integers(1, 40))
def test_a_limit_leaves_the_first_batches_and_the_last(samples: int, size: int, limit: int) -> None:
    whole = order.permutation(0, 0, samples)
    batches = [whole[start : start + size].tolist() for start in range(0, samples, size)]
    found = order.limited(whole, size, limit).tolist()
    kept = batches if len(batches) <= limit else [*batches[: limit - 1], batches[-1]]
    assert found == [index for batch in kept for index in batch]
    assert order.limited(whole, size, None) is whole


def test_a_short_last_batch_may_be_left_out_and_nothing_else() -> None:
    assert order.batch_sizes(25, 10, 2).tolist() == [10, 10]
    assert order.batch_sizes(25, 10, 3).tolist() == [10, 10, 5]
    with pytest.raises(ValueError, match="1 steps were taken in an epoch of 3"):
        order.batch_sizes(25, 10, 1)
