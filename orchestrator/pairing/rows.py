"""In which order a dense kernel's rows expect a flattened image, by one side's own arrays."""

from collections.abc import Iterator

import numpy as np
from twinrun.contract.traced import ModelTraced, TracedLayer, TracedTensor

from orchestrator.pairing.formulas import ACTIVATIONS
from orchestrator.pairing.measure import Array, gap, to_channels_first
from orchestrator.pairing.result import Arrays

_ROUNDING = 1e-4  # In float32, with room: the wrong order is off by about 1.


def channels_first(model: ModelTraced, arrays: Arrays, kernel: TracedTensor) -> bool | None:
    """Return whether the rows come from [channels, ...]; None: the arrays do not tell."""
    index = next((i for i, each in enumerate(model.layers) if each.path == kernel.layer), None)
    if index is None:
        return None
    layer, output = model.layers[index], arrays.get(f"output/{index}")
    weights = arrays.get(f"initial/{kernel.key}")
    for rows, shape in _images(arrays, index, kernel.shape[0]):
        first = to_channels_first(rows, shape)
        for flat in _flat(arrays, index, kernel.shape[0]):
            found = _which(rows, first, flat)
            if found is not None:
                return found
        if output is not None and weights is not None:
            results = [_dense(arrays, layer, weights, each) for each in (rows, first)]
            found = _which(results[0], results[1], output)
            if found is not None:
                return found
    return None


def _which(last: Array, first: Array, seen: Array) -> bool | None:
    """Return whether ``seen`` is what channels first give; None: what both or neither do."""
    fits = gap(last, seen) < _ROUNDING, gap(first, seen) < _ROUNDING
    return None if fits[0] == fits[1] else fits[1]


def _images(arrays: Arrays, before: int, size: int) -> Iterator[tuple[Array, tuple[int, ...]]]:
    """Yield the rows [batch, size] and shapes of images that calls returned, the last first."""
    names = [f"output/{number}" for number in reversed(range(before))]
    for name in [*names, "input"]:
        image = arrays.get(name)
        if image is not None and image.ndim > 2 and np.prod(image.shape[1:]) == size:
            yield image.reshape(-1, size), image.shape[1:]


def _flat(arrays: Arrays, before: int, size: int) -> Iterator[Array]:
    """Yield what calls returned that has no image's shape any more."""
    for number in reversed(range(before)):
        flat = arrays.get(f"output/{number}")
        if flat is not None and flat.ndim == 2 and flat.shape[1] == size:
            yield flat


def _dense(arrays: Arrays, layer: TracedLayer, weights: Array, rows: Array) -> Array:
    """Return what the layer makes of ``rows``."""
    bias = arrays.get(f"initial/{layer.path}.bias", np.zeros(1))
    activation = ACTIVATIONS.get(layer.settings.get("activation", "linear"), ACTIVATIONS["linear"])
    return activation(rows.astype(float) @ weights.astype(float) + bias.astype(float))
