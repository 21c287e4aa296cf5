"""The user's model as a user would fit it, and as Keras reports it."""

import dataclasses
import math
from collections.abc import Mapping

import keras
import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import Recipe
from twinrun.contract.events import LayerSummary, ModelSummarized
from twinrun.contract.spec import JobSpec

from services.data.arrays import blank
from services.errors import Unsupported
from services.keras.trainer import Array
from services.tensorflow.code.model import Built, by_name
from services.trial.code import Build


def fitted(
    spec: JobSpec, images: NDArray[np.floating], build: Build
) -> tuple[keras.Model, Mapping[str, Array]]:
    """Return the user's model for ``images`` [n, ...], and its arrays by canonical name.

    A model of several outputs, or with channels first, gets what it lacks around it.
    """
    if spec.code is not None and spec.code.without_dropout:
        raise Unsupported(
            "without_dropout is for the matched recipe: Keras's fit runs the model as it is",
            field="code.without_dropout",
        )
    built = Built(spec, build)
    arrays = by_name(spec, built.opened(images))
    return built.whole(images.shape[1:]), arrays


def summarized(spec: JobSpec, build: Build) -> ModelSummarized:
    """Summarise the user's model."""
    built = Built(dataclasses.replace(spec, recipe=Recipe.IDIOMATIC), build)
    built.opened(blank(spec, 2))
    lines: list[str] = []
    built.keras.summary(print_fn=lines.append, line_length=80)
    calls = {id(call.layer): call for call in reversed(built.recording.calls)}
    return ModelSummarized(
        tuple(
            LayerSummary(
                type(call.layer).__name__,
                tuple(call.made.shape[1:]),
                call.layer.count_params(),
                _untrained(call.layer),
            )
            for call in reversed(calls.values())
        ),
        built.keras.count_params(),
        "\n".join(lines),
        _untrained(built.keras),
    )


def _untrained(layer: keras.layers.Layer) -> int:
    return sum(math.prod(variable.shape) for variable in layer.non_trainable_weights)
