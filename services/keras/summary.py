"""The model that a user of Keras would build from a spec, as Keras reports it."""

import math
from typing import Any

from twinrun.contract.events import LayerSummary, ModelSummarized
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.keras.model import users


def summarize(spec: JobSpec) -> ModelSummarized:
    """Summarise the model; explicit padding is a layer in the text, but not in the list."""
    model, made = users(spec.layers, catalog.info(spec.dataset).shape, "float32")
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
            for layer in made.values()
        ),
        model.count_params(),
        "\n".join(lines),
        _untrained(model),
    )


def _untrained(layer: Any) -> int:
    return sum(math.prod(variable.shape) for variable in layer.non_trainable_weights)
