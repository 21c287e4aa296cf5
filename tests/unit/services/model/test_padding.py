"""What may follow an embedding with a padding."""

import pytest
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import (
    Activation,
    BatchNorm,
    Bidirectional,
    Branch,
    Concat,
    Conv1d,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool1d,
    GlobalMaxPool1d,
    Gru,
    LastStep,
    LayerNorm,
    Lstm,
    MultiHeadAttention,
    PositionEmbedding,
    Residual,
    RmsNorm,
    SinusoidalPositions,
)

from services.model import padding, shapes

TABLE = Embedding(7, 4, padding=0)
HANDED_ON = (
    *(PositionEmbedding(), SinusoidalPositions(), Dropout(0.1), LayerNorm(), RmsNorm()),
    *(Activation(ActivationFunction.TANH), MultiHeadAttention(2), Dense(4)),
    *(Residual((Lstm(4),)), Gru(4), Bidirectional(Lstm(2))),
)
ENDS = (LastStep(), GlobalAveragePool1d(), GlobalMaxPool1d())


@pytest.mark.parametrize("end", ENDS)
def test_what_hands_padded_steps_on_is_taken_and_all_after_a_pool(end):
    layers = (TABLE, *HANDED_ON, end, BatchNorm(), Flatten(), Dense(3))
    assert not list(padding.violations(layers, (6,), (3,)))


@pytest.mark.parametrize("layer", [Conv1d(4), BatchNorm(), Flatten()])
def test_what_counts_every_step_is_named(layer):
    inside = Concat((Branch((LastStep(),)), Branch((layer, Flatten(), Dense(2)))))
    found = list(padding.violations((TABLE, inside, Dense(3)), (6,), (3,)))
    assert f"layers[1].concat.branches[1].layers[0].{_case(layer)}" in [v.field for v in found]
    assert all("put it after global_average_pool1d" in v.message for v in found)
    assert not list(padding.violations((Embedding(7, 4), inside, Dense(3)), (6,), (3,)))


def _case(layer):
    return {Conv1d: "conv1d", BatchNorm: "batch_norm", Flatten: "flatten"}[type(layer)]


def test_a_loss_of_each_step_is_refused():
    (found,) = padding.violations((TABLE, Dense(7)), (6,), (6, 7))
    assert found.field == "layers[0].embedding.padding"
    assert "the loss is of every step" in found.message
    assert not list(padding.violations((TABLE, Dense(7)), (6,), (6, 7), ignores=True))


def test_parameters_and_products_are_as_many_as_without():
    layers, plain = ((table, Lstm(3), LastStep()) for table in (TABLE, Embedding(7, 4)))
    assert shapes.parameters(layers, (6,)) == shapes.parameters(plain, (6,))
    assert shapes.multiplications(layers, (6,)) == shapes.multiplications(plain, (6,))
