"""An evaluation -> tables and sentences."""

from collections.abc import Iterator

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, number, percent
from orchestrator.reports.grid import BLANK, Grid, Part, Row, Said, columns, row
from orchestrator.results.evaluation import Evaluation, Latency

_FINDING = Phrase(
    "{framework}{by}: test accuracy {accuracy}, test loss {loss}, {samples:,} samples"
)
_BY_CLASS = (Phrase("Class"), Phrase("Precision"), Phrase("Recall"), Phrase("Samples"))
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
    yield from (Said(finding(found), strong=True), BLANK, _classes(found), BLANK, _latencies(found))
    if found.agreement is not None:
        yield from (BLANK, Said(say(found.agreement.sentence)))


def finding(found: Evaluation) -> str:
    """Say accuracy and loss."""
    by = "" if found.agreement is None else say(_TRAINED_BY, trained=label(found.trained))
    return say(
        _FINDING,
        framework=label(found.framework),
        by=by,
        accuracy=percent(found.accuracy),
        loss=number(found.loss),
        samples=found.samples,
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
