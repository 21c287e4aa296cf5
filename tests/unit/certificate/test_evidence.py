"""The order of a run's arrays, which its file does not keep."""

from twinrun.contract.enums import Precision
from twinrun.contract.layers import (
    BatchNorm,
    Branch,
    Concat,
    Conv2d,
    Dense,
    Flatten,
    Repeat,
    Residual,
)

from orchestrator.certificate.evidence import _tensors
from orchestrator.language.phrases import Phrase, english
from services.model import shapes, weights

SUM = Residual((Conv2d(2, size=1), BatchNorm()), (Conv2d(2, size=1),))
LAYERS = (
    *(SUM, BatchNorm()) * 6,
    Concat((Branch((SUM,)), Branch(), *(Branch((Conv2d(1, size=1),)),) * 9)),
    Flatten(),
    Repeat(12, (Dense(3), BatchNorm())),
    Dense(2),
)


def test_arrays_of_layers_in_others_come_in_the_order_of_the_model():
    drawn = weights.initial(LAYERS, (2, 2, 1), 0, Precision.FLOAT32)
    found = _tensors(weights.to_safetensors(drawn), english(Phrase("the weights")))
    assert list(found) == [p.name for p in shapes.parameters(LAYERS, (2, 2, 1))] == list(drawn)
