"""The model of a spec's layers, as the job has them, or the user's own."""

import math
from collections.abc import Sequence

from twinrun.contract.events import LayerSummary, ModelSummarized
from twinrun.contract.spec import JobSpec

from services.data import catalog
from services.model import shapes
from services.model.layers import KINDS
from services.refusals.jax import require_supported
from services.trial.code import Build


def summarize(spec: JobSpec, build: Build | None = None) -> ModelSummarized:
    """Summarise the model."""
    require_supported(spec)
    if build is not None:
        from services.jax.code.summary import summarized  # noqa: PLC0415 - Flax takes a while

        return summarized(spec, build)
    shape = catalog.info(spec.dataset).shape
    made = [_summary(each) for each in shapes.placed(shapes.trained_layers(spec.layers), shape)]
    total = sum(layer.parameter_count for layer in made)
    untrained = sum(layer.untrained_count for layer in made)
    return ModelSummarized(tuple(made), total, table(made, total), untrained)


def _summary(each: shapes.Placed) -> LayerSummary:
    parameters = KINDS[type(each.layer)].parameters(each.layer, each.name, each.taken)
    sizes = [(math.prod(parameter.shape), parameter.trained) for parameter in parameters]
    return LayerSummary(
        type(each.layer).__name__,
        each.made,
        sum(size for size, _ in sizes),
        sum(size for size, trained in sizes if not trained),
    )


def table(layers: Sequence[LayerSummary], total: int) -> str:
    """Return the layers as text, with the ``total`` of parameters."""
    rows = [
        f"{layer.kind:<24}{'x'.join(map(str, layer.output_shape)):<20}{layer.parameter_count:>12,}"
        for layer in layers
    ]
    return "\n".join([*rows, f"{'total':<44}{total:>12,}"])
