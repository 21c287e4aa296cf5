"""An evaluation -> tables and sentences."""

from collections.abc import Iterator

from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import COMMA, label, number, percent
from orchestrator.reports.grid import BLANK, Grid, Part, Row, Said, columns, row
from orchestrator.results.evaluation import Evaluation, Latency
from orchestrator.trials.metrics import ACCURACY, BY_NAME

_FINDING = Phrase("{framework}{by}: {metrics}, test loss {loss}, {samples:,} samples")
_BY_CLASS = (Phrase("Class"), Phrase("Precision"), Phrase("Recall"), Phrase("Samples"))
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
_TRAINED_BY = Phrase(", with the weights of {trained}")


def report(found: Evaluation) -> Iterator[Part]:
    """Yield the results by class, and the latency of a batch."""
    yield from (Said(finding(found), strong=True), BLANK)
    if found.classes:
        yield from (_classes(found), BLANK)
    if found.residuals:
        yield from (_residuals(found), BLANK)
    yield _latencies(found)
    if found.agreement is not None:
        yield from (BLANK, Said(say(found.agreement.sentence)))


def finding(found: Evaluation) -> str:
    """Say accuracy and loss."""
    by = "" if found.agreement is None else say(_TRAINED_BY, trained=label(found.trained))
    return say(
        _FINDING,
        framework=label(found.framework),
        by=by,
        metrics=say(join(COMMA, _metrics(found))),
        loss=number(found.loss),
        samples=found.samples,
    )


def _metrics(found: Evaluation) -> Iterator[Sentence]:
    """Yield each metric with its value: accuracy alone for classes, where a table has the rest."""
    if found.accuracy is not None:
        yield english(_VALUE, metric=ACCURACY.test, value=ACCURACY.written(found.accuracy))
    if not found.classes:
        for name, metric in BY_NAME.items():
            if name in found.others:
                value = metric.written(found.others[name])
                yield english(_VALUE, metric=metric.test, value=value)


def _residuals(found: Evaluation) -> Grid:
    return Grid(
        columns(*_OF_RESIDUALS),
        [
            row(
                str(each.output), list(map(number, (each.mean, each.sd, each.least, each.greatest)))
            )
            for each in found.residuals
        ],
    )


def _classes(found: Evaluation) -> Grid:
    return Grid(
        columns(*_BY_CLASS),
        [
            row(str(c.number), [percent(c.precision), percent(c.recall), f"{c.samples:,}"])
            for c in found.classes
        ],
    )


def _latencies(found: Evaluation) -> Grid:
    return Grid(columns(*_BY_BATCH_SIZE), list(map(_latency, found.latencies)))


def _latency(found: Latency) -> Row:
    quantiles = (found.p50_seconds, found.p90_seconds, found.p99_seconds)
    times = [f"{number(1e3 * seconds)} ms" for seconds in quantiles]
    return row(f"{found.batch_size:,}", [*times, f"{found.samples_per_second:,.0f}"])
