"""The shapes that layers make of each other, and what does not fit."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    Bidirectional,
    Conv1d,
    Conv2d,
    CustomDense,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool1d,
    GlobalAveragePool2d,
    GlobalMaxPool1d,
    GlobalMaxPool2d,
    GroupNorm,
    Gru,
    Layer,
    LayerNorm,
    Lstm,
    MaxPool2d,
    MultiHeadAttention,
    RmsNorm,
    SinusoidalPositions,
    SpatialDropout2d,
    ToSequence,
    UpSampling2d,
    ZeroPadding2d,
)
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Dataset, JobSpec

from orchestrator.trials.layers import after
from services.model import dropout, shapes, sites
from services.model.layers.parameter import Shape

LAW = settings(database=None, max_examples=50)
RELU, SOFTMAX = Activation(ActivationFunction.RELU), Activation(ActivationFunction.SOFTMAX)
MLP = (Flatten(), Dense(8), RELU, Dense(3))
SHAPE = (4, 4, 1)


def test_a_softmax_that_stands_last_is_not_trained_and_one_before_it_is() -> None:
    assert shapes.trained_layers((*MLP, SOFTMAX)) == MLP
    assert shapes.trained_layers((*MLP, SOFTMAX, SOFTMAX)) == (*MLP, SOFTMAX)
    assert not list(shapes.violations((Flatten(), SOFTMAX, Dense(3)), SHAPE, (3,), 0))


def test_a_leaky_relu_alone_has_a_slope() -> None:
    assert Activation(ActivationFunction.LEAKY_RELU).slope == 0.01
    assert RELU.slope is None
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
        ((Flatten(), Dense(4)), "layers[1]", "makes 4 outputs for 3 classes"),
        ((Flatten(),), "layers", "no parameter to train"),
        ((Flatten(), Conv2d(3)), "layers[1].conv2d", "put it before the flatten"),
        ((Conv2d(3, size=99),), "layers[0].conv2d", "a window of 99 pixels"),
        ((Conv2d(3, size_2d=(2, 9)),), "layers[0].conv2d", "a window of 2x9 pixels"),
        (
            (Conv2d(4, groups=2),),
            "layers[0].conv2d",
            "do not divide 1 channels and 4 filters",
        ),
        ((MaxPool2d(99),), "layers[0].max_pool2d", "a window of 99 pixels"),
        ((AveragePool2d(99),), "layers[0].average_pool2d", "a window of 99 pixels"),
        ((CustomDense(3),), "layers[0].custom_dense", "put a flatten before it"),
        ((RELU,) * 1001, "layers", "at most 1000"),
    ],
)
def test_layers_that_do_not_fit_are_named(
    model: tuple[Layer, ...], field: str, message: str
) -> None:
    found = list(shapes.violations(model, SHAPE, (3,), 0))
    assert any(v.field == field and message in v.message for v in found)


TEXT = (Embedding(7, 3), Dense(5))


@pytest.mark.parametrize(
    ("model", "sizes", "message"),
    [
        ((Flatten(), *MLP), ((6,), (3,), 7), "7 codes; begin with an embedding"),
        (TEXT, ((6,), (6, 5), 0), "only the first layer"),
        ((RELU, *TEXT), ((6,), (6, 5), 7), "only the first layer"),
        (TEXT, ((6,), (6, 5), 8), "layers[0].embedding.codes is 7; the samples have 8 codes"),
        (TEXT, ((6,), (6, 4), 7), "layers[1] makes 6x5 outputs for 6x4 tokens"),
        ((*TEXT, Flatten()), ((6,), (6, 5), 7), "makes 30 outputs for 6x5 tokens"),
        ((Embedding(7, 3),), ((2, 3), (3,), 7), "takes a sequence of codes"),
    ],
)
def test_layers_that_do_not_fit_a_text_are_named(model, sizes, message):
    found = list(shapes.violations(model, *sizes))
    assert any(message in f"{v.field} {v.message}" for v in found)
    assert not list(shapes.violations(TEXT, (6,), (6, 5), 7))


def test_a_dense_layer_of_a_sequence_is_applied_at_each_position():
    assert shapes.output_shapes(TEXT, (6,)) == [(6, 3), (6, 5)]
    assert [p.shape for p in shapes.parameters(TEXT, (6,))] == [(7, 3), (3, 5), (5,)]
    assert shapes.multiplications(TEXT, (6,)) == [0, 6 * 3 * 5]


@pytest.mark.parametrize(
    ("layer", "made"),
    [
        (Conv2d(5), (26, 10, 5)),
        (Conv2d(5, padding=1), (28, 12, 5)),
        (Conv2d(5, size=5, stride=2, padding=2), (14, 6, 5)),
        (Conv2d(6, size_2d=(3, 5), stride_2d=(2, 1), groups=3), (13, 8, 6)),
        (Conv2d(5, padding_2d=(0, 1)), (27, 11, 5)),
        (Conv2d(5, padding_2d=(1, 2, 3, 4)), (29, 17, 5)),
        (Conv2d(5, size=4, stride=3, same=True), (10, 4, 5)),
        (Conv2d(5, dilation=3), (22, 6, 5)),
        (MaxPool2d(), (14, 6, 3)),
        (GlobalAveragePool2d(), (3,)),
        (GlobalMaxPool2d(), (3,)),
        (ZeroPadding2d(), (30, 14, 3)),
        (ZeroPadding2d(padding_2d=(1, 2, 3, 5)), (31, 20, 3)),
        (ZeroPadding2d(padding_2d=(0, 1)), (29, 13, 3)),
        (UpSampling2d(3), (84, 36, 3)),
        (ToSequence(), (336, 3)),
        (AveragePool2d(3), (13, 5, 3)),
        (MaxPool2d(3, stride=1), (26, 10, 3)),
    ],
    ids=str,
)
def test_windows_make_as_many_values_as_fit(layer: Layer, made: Shape) -> None:
    assert shapes.output_shape(layer, (28, 12, 3)) == made


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (GroupNorm(2), "takes images, but gets 4x2; take a layer_norm"),
        (Conv2d(3, 2), "takes images, but gets sequences, 4x2"),
        (MaxPool2d(), "takes images, but gets sequences, 4x2"),
        (GlobalAveragePool2d(), "takes images, but gets sequences, 4x2"),
        (ZeroPadding2d(), "takes images, but gets sequences, 4x2"),
        (SpatialDropout2d(0.1), "takes images, but gets sequences, 4x2"),
        (UpSampling2d(), "takes images, but gets sequences, 4x2"),
        (ToSequence(), "takes images, but gets sequences, 4x2"),
    ],
)
def test_layers_that_take_no_sequences_say_so(layer: Layer, why: str) -> None:
    (found, *_) = shapes.violations((layer, Flatten(), Dense(3)), (4, 2), (3,), 0)
    assert found.message == why


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (
            LayerNorm(),
            "but gets 4x4x1; of images take a group_norm",
        ),
        (RmsNorm(), "but gets 4x4x1; of images take a group_norm"),
        (GroupNorm(2), "has 2 groups, which do not divide 1 channels"),
    ],
)
def test_norms_that_do_not_fit_images_say_so(layer: Layer, why: str) -> None:
    (found, *_) = shapes.violations((layer, Flatten(), Dense(3)), SHAPE, (3,), 0)
    assert found.message.endswith(why)


@pytest.mark.parametrize(
    ("layer", "time"),
    [
        (Conv1d(5), 8),
        (Conv1d(5, size=4, stride=3, same=True), 4),
        (Conv1d(5, padding=2), 12),
        (Conv1d(5, padding_1d=(2, 0)), 10),
        (Conv1d(5, size=4, stride=2), 4),
        (Conv1d(6, dilation=3, groups=3), 4),
        (Conv1d(5, size=2, dilation=4, stride=3, same=True), 4),
    ],
    ids=str,
)
def test_a_convolution_of_a_sequence_makes_as_many_positions_as_fit(layer, time) -> None:
    assert shapes.output_shapes((layer,), (10, 3)) == [(time, layer.filters)]
    kernel, bias = shapes.parameters((layer,), (10, 3))
    assert (kernel.shape, kernel.fan_in, bias.shape) == (
        (layer.size, 3 // layer.groups, layer.filters),
        3 // layer.groups * layer.size,
        (layer.filters,),
    )
    assert shapes.multiplications((layer,), (10, 3)) == [math.prod(kernel.shape) * time]


@pytest.mark.parametrize(
    ("shape", "why"), [((4, 4, 1), "but gets 4x4x1"), ((2, 3), "a window of 3 values, but gets 2")]
)
def test_a_convolution_of_a_sequence_says_what_does_not_fit(shape, why) -> None:
    (found, *_) = shapes.violations((Conv1d(5), Flatten(), Dense(3)), shape, (3,), 0)
    assert why in found.message


def test_attention_draws_a_number_for_each_pair_of_positions_in_each_head_if_any_drop_out() -> None:
    layers = (MultiHeadAttention(2, dropout=0.1), MultiHeadAttention(2))
    (site,) = sites.of_layers(layers, (5, 4))
    assert (site.name, site.rate, site.shape) == ("layers.0.mask", 0.1, (2, 5, 5))
    assert dropout.names(layers) == ["layers.0.mask"]


@pytest.mark.parametrize(
    ("layer", "made", "arrays", "multiplications"),
    [
        (Gru(3), (5, 3), [(4, 9), (3, 9), (9,), (9,)], 5 * 7 * 9),
        (Gru(3, reset_after=False), (5, 3), [(4, 9), (3, 9), (9,)], 5 * 7 * 9),
        (Bidirectional(Lstm(3)), (5, 6), 2 * [(4, 12), (3, 12), (12,)], 2 * 5 * 7 * 12),
        (Bidirectional(Gru(3)), (5, 6), 2 * [(4, 9), (3, 9), (9,), (9,)], 2 * 5 * 7 * 9),
        (GlobalAveragePool1d(), (4,), [], 0),
        (GlobalMaxPool1d(), (4,), [], 0),
        (SinusoidalPositions(), (5, 4), [], 0),
    ],
    ids=str,
)
def test_a_layer_of_sequences_has_its_shapes(layer, made, arrays, multiplications) -> None:
    assert shapes.output_shapes((layer,), (5, 4)) == [made]
    found = shapes.parameters((layer,), (5, 4))
    assert [parameter.shape for parameter in found] == arrays
    assert len({parameter.name for parameter in found}) == len(arrays)
    assert shapes.multiplications((layer,), (5, 4)) == [multiplications]
    job = JobSpec(Dataset("digits"), (layer,), Optimizer(Adam(), 0.01), threads=1)
    (message,) = spec_to_proto(job).layers
    parts = {parameter.name.removeprefix("layers.0."): parameter.shape for parameter in found}
    assert after(message, (5, 4)) == (made, parts)
    assert after(message, (5, 4, 2)) is None
    with pytest.raises(ValueError, match="takes a sequence"):
        shapes.output_shape(layer, (5, 4, 2))


def test_a_spatial_dropout_draws_a_number_for_each_channel() -> None:
    found = sites.of_layers((Dropout(0.1), SpatialDropout2d(0.2), Flatten(), Dense(3)), (5, 4, 3))
    assert [(site.name, site.rate, site.shape) for site in found] == [
        ("layers.0.mask", 0.1, (5, 4, 3)),
        ("layers.1.mask", 0.2, (1, 1, 3)),
    ]


def test_layers_that_fit_are_accepted_with_and_without_a_softmax() -> None:
    assert not list(shapes.violations(MLP, SHAPE, (3,), 0))
    assert not list(shapes.violations((*MLP, SOFTMAX), SHAPE, (3,), 0))


def test_a_model_of_too_many_parameters_is_refused() -> None:
    assert not list(shapes.size_violations(MLP, SHAPE))
    huge = (Flatten(), Dense(100_000), Dense(100_000))
    assert "at most" in next(iter(shapes.size_violations(huge, SHAPE))).message
