"""An evaluation -> tables and sentences for a terminal."""

from rich import box
from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, number, percent
from orchestrator.reports.plain import Table
from orchestrator.results.evaluation import Evaluation

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


def report(found: Evaluation) -> RenderableType:
    """Prints on a `rich.console.Console`."""
    by = "" if found.agreement is None else say(_TRAINED_BY, trained=label(found.trained))
    finding = say(
        _FINDING,
        framework=label(found.framework),
        by=by,
        accuracy=percent(found.accuracy),
        loss=number(found.loss),
        samples=found.samples,
    )
    parts: list[RenderableType] = [Text(finding, style="bold"), _classes(found), _latencies(found)]
    if found.agreement is not None:
        parts.append(Text(say(found.agreement.sentence)))
    return Group(*parts)


def _classes(found: Evaluation) -> Table:
    table = _table(*_BY_CLASS)
    for each in found.classes:
        cells = percent(each.precision), percent(each.recall), f"{each.samples:,}"
        table.add_row(str(each.number), *cells)
    return table


def _latencies(found: Evaluation) -> Table:
    table = _table(*_BY_BATCH_SIZE)
    for each in found.latencies:
        quantiles = (each.p50_seconds, each.p90_seconds, each.p99_seconds)
        cells = [f"{number(1e3 * seconds)} ms" for seconds in quantiles]
        table.add_row(f"{each.batch_size:,}", *cells, f"{each.samples_per_second:,.0f}")
    return table


def _table(*columns: Phrase) -> Table:
    table = Table(header_style="bold", box=box.SIMPLE, pad_edge=False)
    for column in columns:
        table.add_column(say(column), justify="right", overflow="fold")
    return table
