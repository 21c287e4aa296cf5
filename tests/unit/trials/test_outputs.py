"""How many outputs a model of layers has."""

import pytest
from twinrun.contract.layers import (
    BatchNorm,
    Branch,
    Concat,
    CustomDense,
    Dense,
    Flatten,
    Repeat,
    Residual,
)

from orchestrator.trials.outputs import outputs

BRANCHES = (Branch((Dense(3),)), Branch((Dense(4), BatchNorm())))


@pytest.mark.parametrize(
    ("layers", "wanted"),
    [
        ((), 0),
        ((Flatten(),), 0),
        ((Flatten(), Dense(7), Dense(10)), 10),
        ((CustomDense(5), BatchNorm()), 5),
        ((Dense(7), Residual((Dense(6), Dense(7)))), 7),
        ((Flatten(), Residual((Flatten(),), (Dense(7),))), 7),
        ((Dense(9), Concat(BRANCHES)), 7),
        ((Dense(9), Concat((*BRANCHES, Branch()))), 16),
        ((Repeat(2, (Dense(8), Dense(2))), BatchNorm()), 2),
    ],
)
def test_outputs_are_the_units_of_the_last_dense_layers(layers, wanted):
    assert outputs(layers) == wanted
