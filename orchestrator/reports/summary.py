"""A model's summary -> a table, and each framework's own text."""

import itertools
from collections.abc import Iterator

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label
from orchestrator.reports.grid import BLANK, UNKNOWN, Grid, Part, Said, columns, of_sides, row
from orchestrator.results.summary import Summary, shape

_LAYER, _MAKES, _PARAMETERS = Phrase("Layer"), Phrase("makes"), Phrase("parameters")


def report(found: Summary) -> Iterator[Part]:
    """Yield the models layer by layer, whether they agree, and what each framework prints."""
    yield from (layers(found), BLANK, Said(say(found.sentence), strong=True))
    for name, model in found.models.items():
        yield from (BLANK, Said(label(name), strong=True), Said(model.text))


def layers(found: Summary) -> Grid:
    """Return each layer's kind, output shape and number of parameters, for each model."""
    first, *sides = of_sides(_LAYER, list(found.models), numeric=False)
    _, *own = columns(_LAYER, _MAKES, _PARAMETERS)
    rows = itertools.zip_longest(*(model.layers for model in found.models.values()))
    return Grid(
        [first, *(column for side in sides for column in (side, *own))],
        [
            row(str(index), [text for each in layer for text in _texts(each)])
            for index, layer in enumerate(rows)
        ],
    )


def _texts(found: job_pb2.LayerSummary | None) -> tuple[str, str, str]:
    """Return a layer's texts; None: the model has fewer layers."""
    if found is None:
        return (UNKNOWN, UNKNOWN, UNKNOWN)
    return (found.kind, shape(found), f"{found.parameter_count:,}")
