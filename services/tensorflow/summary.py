"""The model that a user of Keras would make of a spec, by Keras's own account."""

import math
from typing import Any

from twinrun.contract.events import LayerSummary, ModelSummarized
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.tensorflow.model import sequential


def summarize(spec: JobSpec) -> ModelSummarized:
    """Padding by a number of pixels is a layer of its own in the text, and of none in the list."""
    model, made = sequential(spec.layers, catalog.info(spec.dataset).shape, "float32")
    lines: list[str] = []
    model.summary(print_fn=lines.append, line_length=80)
    return ModelSummarized(
        tuple(
            LayerSummary(
                type(layer).__name__,
                tuple(layer.output.shape[1:]),
                layer.count_params(),
                _untrained(layer),
            )
            for layer in made
        ),
        model.count_params(),
        "\n".join(lines),
        _untrained(model),
    )


def _untrained(layer: Any) -> int:
    return sum(math.prod(variable.shape) for variable in layer.non_trainable_weights)
