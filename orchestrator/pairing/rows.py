"""In which order a dense kernel's rows take a flattened image, by one side's own arrays."""

from collections.abc import Iterator

import numpy as np
from twinrun.contract.traced import ModelTraced, TracedLayer, TracedTensor

from orchestrator.pairing.formulas.activations import ACTIVATIONS
from orchestrator.pairing.measure import Array, gap
from orchestrator.pairing.result import CHANNELS_FIRST, Arrays

_ROUNDING = 1e-4  # In float32, with room: the wrong order is off by about 1.


def variant(model: ModelTraced, arrays: Arrays, kernel: TracedTensor) -> str | None:
    """Return the variant whose rows are those of [..., channels]; None: the arrays do not tell.

    It is the one with which an earlier image gives what the layer returned.
    """
    layer = next((each for each in model.layers if each.path == kernel.layer), None)
    if layer is None:
        return None
    index = model.layers.index(layer)
    output = arrays.get(f"output/{index}")
    if output is None:
        return None
    for rows in _images(arrays, index, kernel.shape[0]):
        fits = [
            suffix
            for suffix in ("", CHANNELS_FIRST)
            if (weights := arrays.get(f"initial/{kernel.key}{suffix}")) is not None
            and gap(_dense(arrays, layer, weights, rows), output) < _ROUNDING
        ]
        if len(fits) == 1:
            return fits[0]
    return None


def _images(arrays: Arrays, before: int, size: int) -> Iterator[Array]:
    """Yield the rows [batch, size] of images that calls returned, the last first."""
    names = [f"output/{number}" for number in reversed(range(before))]
    for name in [*names, "input"]:
        image = arrays.get(name)
        if image is not None and image.ndim > 2 and np.prod(image.shape[1:]) == size:
            yield image.reshape(-1, size)


def _dense(arrays: Arrays, layer: TracedLayer, weights: Array, rows: Array) -> Array:
    """Return what the layer makes of ``rows``."""
    bias = arrays.get(f"initial/{layer.path}.bias", np.zeros(1))
    activation = ACTIVATIONS.get(layer.settings.get("activation", "linear"), ACTIVATIONS["linear"])
    return activation(rows.astype(float) @ weights.astype(float) + bias.astype(float))
