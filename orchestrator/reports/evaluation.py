"""An evaluation -> tables and sentences."""

import math
from collections.abc import Iterator

from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import COMMA, number, percent
from orchestrator.reports.grid import BLANK, Cell, Column, Grid, Part, Row, Said, columns, row
from orchestrator.results.evaluation import Evaluation, Latency
from orchestrator.trials.metrics import ACCURACY, BY_NAME

_FINDING = Phrase("{side}: {metrics}, test loss {loss}, {samples:,} samples")
_BY_CLASS = (Phrase("Class"), Phrase("Precision"), Phrase("Recall"))
_SAMPLES, _POSITIONS = Phrase("Samples"), Phrase("Positions")
_OF_RESIDUALS = (
    Phrase("Predicted minus true, output"),
    Phrase("Mean"),
    Phrase("Deviation"),
    Phrase("Minimum"),
    Phrase("Maximum"),
)
_VALUE = Phrase("{metric} {value}")
_BY_BATCH_SIZE = (
    Phrase("Batch size"),
    Phrase("p50"),
    Phrase("p90"),
    Phrase("p99"),
    Phrase("Samples per second"),
)
_OF_CURVES = (Phrase("Curves of"), Phrase("ROC AUC"), Phrase("Average precision"))
_TRUE_CLASS, _FOUND = Phrase("True class"), Phrase("predicted {name}")
_MOST_CLASSES = 10  # more columns have no room
_MOST_OUTPUTS = 20  # an autoencoder has as many as pixels
_FARTHEST = Phrase("These {shown} of {all} outputs are farthest from the truth; --json has all.")


def report(found: Evaluation) -> Iterator[Part]:
    """Yield the results by class, and the latency of a batch."""
    yield from (Said(finding(found), strong=True), BLANK)
    if found.classes:
        yield from (_classes(found), BLANK)
    if 0 < len(found.confusion) <= _MOST_CLASSES:
        yield from (_confusion(found), BLANK)
    if found.curves:
        yield from (_curves(found), BLANK)
    if found.residuals:
        yield from (*_residuals(found), BLANK)
    yield _latencies(found)
    if found.agreement is not None:
        yield from (BLANK, Said(say(found.agreement.sentence)))


def finding(found: Evaluation) -> str:
    """Say accuracy and loss."""
    return say(
        _FINDING,
        side=say(found.side),
        metrics=say(join(COMMA, _metrics(found))),
        loss=number(found.loss),
        samples=found.samples,
    )


def _metrics(found: Evaluation) -> Iterator[Sentence]:
    """Yield each metric with its value, but those that a table of classes has."""
    if found.accuracy is not None:
        yield english(_VALUE, metric=ACCURACY.test, value=ACCURACY.written(found.accuracy))
    if not found.classes or found.curves or found.has_positions:
        for name, metric in BY_NAME.items():
            if name in found.others:
                value = metric.written(found.others[name])
                yield english(_VALUE, metric=metric.test, value=value)


def _residuals(found: Evaluation) -> Iterator[Part]:
    """Yield a table of the outputs, or of those whose errors' root mean square is largest."""
    farthest = sorted(found.residuals, key=lambda each: -math.hypot(each.mean, each.sd))
    shown = sorted(farthest[:_MOST_OUTPUTS], key=lambda each: each.output)
    yield Grid(
        columns(*_OF_RESIDUALS),
        [
            row(
                str(each.output), list(map(number, (each.mean, each.sd, each.least, each.greatest)))
            )
            for each in shown
        ],
    )
    if len(shown) < len(farthest):
        yield Said(say(_FARTHEST, shown=len(shown), all=len(farthest)))


def _classes(found: Evaluation) -> Grid:
    return Grid(
        columns(*_BY_CLASS, _POSITIONS if found.has_positions else _SAMPLES),
        [
            row(c.name, [percent(c.precision), percent(c.recall), f"{c.samples:,}"])
            for c in found.classes
        ],
    )


def _confusion(found: Evaluation) -> Grid:
    headings = [Column(Cell(say(_FOUND, name=each.name))) for each in found.classes]
    return Grid(
        [*columns(_TRUE_CLASS), *headings],
        [
            row(each.name, [f"{count:,}" for count in counts])
            for each, counts in zip(found.classes, found.confusion, strict=True)
        ],
    )


def _curves(found: Evaluation) -> Grid:
    return Grid(
        columns(*_OF_CURVES),
        [
            row(say(curve.side), [f"{curve.roc_auc:.4f}", f"{curve.average_precision:.4f}"])
            for curve in found.curves
        ],
    )


def _latencies(found: Evaluation) -> Grid:
    return Grid(columns(*_BY_BATCH_SIZE), list(map(_latency, found.latencies)))


def _latency(found: Latency) -> Row:
    quantiles = (found.p50_seconds, found.p90_seconds, found.p99_seconds)
    times = [f"{number(1e3 * seconds)} ms" for seconds in quantiles]
    return row(f"{found.batch_size:,}", [*times, f"{found.samples_per_second:,.0f}"])
