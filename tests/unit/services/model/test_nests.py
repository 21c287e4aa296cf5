"""The shapes of layers that hold others, and what does not fit."""

import pytest
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import (
    Activation,
    BatchNorm,
    Branch,
    Concat,
    Conv2d,
    Dense,
    Embedding,
    Flatten,
    Layer,
    Leaf,
    MaxPool2d,
    Repeat,
    Residual,
)

from services.model import shapes
from services.model.layers.parameter import Shape

RELU = Activation(ActivationFunction.RELU)
SHAPE = (4, 4, 1)


def flat(*layers: Layer) -> Branch:
    return Branch((Flatten(), *layers))


@pytest.mark.parametrize(
    ("model", "field", "message"),
    [
        (
            (Residual((Conv2d(3, padding=1),)),),
            "layers[0].residual",
            "adds 4x4x3 of its layers to 4x4x1 of its shortcut; give the shortcut layers that make",
        ),
        (
            (RELU, Residual((Conv2d(3, padding=1),), (Conv2d(3, stride=2),))),
            "layers[1].residual",
            "adds 4x4x3 of its layers to 1x1x3 of its shortcut",
        ),
        (
            (Concat((Branch(), Branch((RELU, MaxPool2d())))),),
            "layers[0].concat.branches[1]",
            "makes 2x2x1, which does not fit beside the 4x4x1 of the first branch",
        ),
        (
            (Repeat(2, (Conv2d(3, size=3),)),),  # the second time
            "layers[0].repeat.layers[0].conv2d",
            "a window of 3 pixels, but gets 2x2",
        ),
        (
            (Repeat(9, (Residual((Conv2d(1),), (Conv2d(1),)),)),),
            "layers[0].repeat.layers[0].residual.layers[0].conv2d",
            "a window of 3 pixels, but gets 2x2",
        ),
        (
            (Concat((flat(Dense(3)), flat(Embedding(3, 3)))),),
            "layers[0].concat.branches[1].layers[1].embedding",
            "only the first layer can be an embedding",
        ),
        ((Concat((flat(Dense(3)), flat(Dense(2)))),), "layers[0]", "makes 5 outputs for 3 classes"),
    ],
)
def test_layers_in_others_that_do_not_fit_are_named_with_the_way_and_both_shapes(
    model: tuple[Layer, ...], field: str, message: str
) -> None:
    found = list(shapes.violations(model, SHAPE, (3,), 0))
    assert any(v.field == field and message in v.message for v in found), found


def test_what_layers_in_others_make_hold_and_cost_is_counted() -> None:
    model = (
        Residual((Conv2d(2, size=1), BatchNorm()), (Conv2d(2, size=1, use_bias=False),)),
        Concat((Branch((Conv2d(3, size=1),)), Branch())),
        Flatten(),
        Repeat(2, (Dense(80, use_bias=False),)),
        Dense(3),
    )
    assert not list(shapes.violations(model, SHAPE, (3,), 0))
    assert [(p.name, p.shape) for p in shapes.parameters(model, SHAPE)] == [
        ("layers.0.layers.0.kernel", (1, 1, 1, 2)),
        ("layers.0.layers.0.bias", (2,)),
        ("layers.0.layers.1.gamma", (2,)),
        ("layers.0.layers.1.beta", (2,)),
        ("layers.0.layers.1.moving_mean", (2,)),
        ("layers.0.layers.1.moving_variance", (2,)),
        ("layers.0.shortcut.0.kernel", (1, 1, 1, 2)),
        ("layers.1.branches.0.0.kernel", (1, 1, 2, 3)),
        ("layers.1.branches.0.0.bias", (3,)),
        ("layers.3.0.0.kernel", (80, 80)),
        ("layers.3.1.0.kernel", (80, 80)),
        ("layers.4.kernel", (80, 3)),
        ("layers.4.bias", (3,)),
    ]
    costs = [32, 0, 32, 96, 0, 6400, 6400, 240]
    assert shapes.multiplications(model, SHAPE) == costs
    assert shapes.output_shapes(model, SHAPE)[-2:] == [(4, 4, 2), (4, 4, 5)]  # of sum and concat


def test_a_deep_model_costs_no_more_for_each_layer_than_a_shallow_one(monkeypatch) -> None:
    calls = 0
    original = shapes.output_shape

    def counted(layer: Leaf, shape: Shape) -> Shape:
        nonlocal calls
        calls += 1
        return original(layer, shape)

    monkeypatch.setattr(shapes, "output_shape", counted)
    found = []
    for layers in (3, 300):
        blocks: tuple[Layer, ...] = (Residual((Dense(3),)),) * layers
        for _ in range(7):
            blocks = (Repeat(1, blocks),)
        calls = 0
        assert not list(shapes.violations((Flatten(), Dense(3), *blocks), SHAPE, (3,), 0))
        list(shapes.size_violations((Flatten(), Dense(3), *blocks), SHAPE))
        found.append(calls / (layers + 2))
    assert found == [3, 3]
