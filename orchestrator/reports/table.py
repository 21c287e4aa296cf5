"""The table of a comparison: its rows for each side."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from twinrun.contract.enums import JobState

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import label, state_of
from orchestrator.reports.grid import (
    QUANTITY,
    UNKNOWN,
    Cell,
    Column,
    Grid,
    Row,
    known,
    of_sides,
    row,
)
from orchestrator.results.comparison import Comparison
from orchestrator.results.estimate import Estimate
from orchestrator.results.quantities import EPOCH, Quantity, quantities
from orchestrator.trials.trial import Trial

_SUCCEEDED = Phrase("{succeeded} of {trials} succeeded")
_OVER = Phrase("{second} / {first}")
_RATIO = Phrase("{ratio:.2f} ({low:.2f} to {high:.2f})")
_SPREAD, _FROM_TO = Phrase("  over the trials"), Phrase("{low} to {high}")
_ESTIMATED = Phrase(
    "A ratio is estimated pair by pair; it need not be the quotient of the two medians beside it."
)
_OUTCOME, _EPOCHS = Phrase("Outcome"), Phrase("Epochs")
_ENVIRONMENT: Mapping[Phrase, str] = {
    Phrase("Version"): "framework_version",
    Phrase("Python"): "python_version",
}


def table(comparison: Comparison) -> Grid:
    """Return each side's quantities, as medians of the counted trials, with their ratios."""
    every, counted = comparison.trials.values(), comparison.counted.values()
    rows = [
        row(say(_OUTCOME), [_outcome(trials) for trials in every]),
        row(say(_EPOCHS), [_epochs(trials) for trials in counted]),
        *itertools.chain.from_iterable(
            _rows(comparison, quantity) for quantity in quantities(comparison.job)
        ),
        *(
            row(say(title), [_environment(trials, field) for trials in every])
            for title, field in _ENVIRONMENT.items()
        ),
    ]
    return _with_ratios(comparison, known(rows))


def _with_ratios(comparison: Comparison, rows: Sequence[Row]) -> Grid:
    """Add ratio columns if any quantity has one; other cells in them stay empty."""
    columns = of_sides(QUANTITY, list(comparison.trials))
    count = len(columns)
    if any(len(each.cells) > count for each in rows):
        columns += [Column(Cell(heading)) for heading in ratio_headings(comparison)]
    empty = [Cell("")] * len(columns)
    return Grid(
        columns,
        [replace(each, cells=[*each.cells, *empty[len(each.cells) :]]) for each in rows],
    )


def ratio_headings(comparison: Comparison) -> list[str]:
    """Return ``TensorFlow / PyTorch``, for each side and the baseline."""
    return [
        say(_OVER, first=label(pair.baseline), second=label(pair.side)) for pair in comparison.pairs
    ]


def note(comparison: Comparison) -> str | None:
    """Say how ratios are related to the values beside them. None: they are their quotients."""
    ratios = [ratio for pair in comparison.pairs for ratio in pair.ratios.values()]
    return say(_ESTIMATED) if any(ratio.pairs > 1 for ratio in ratios) else None


def _rows(comparison: Comparison, quantity: Quantity) -> Iterator[Row]:
    """Yield its values, and below them how far they are apart if they depend on the seed."""
    yield _row(comparison, quantity)
    if quantity.has_spread:
        groups = comparison.counted.values()
        spreads = [_spread(quantity, quantity.all_of(each, comparison.job)) for each in groups]
        if any(spreads):
            yield row(say(_SPREAD), [each or UNKNOWN for each in spreads])


def _spread(quantity: Quantity, values: Sequence[float]) -> str | None:
    """Return the least and the greatest value. None: they are the same, as they are written."""
    low, high = (quantity.written(end(values)) if values else "" for end in (min, max))
    return None if low == high else say(_FROM_TO, low=low, high=high)


def _row(comparison: Comparison, quantity: Quantity) -> Row:
    """Return its values, and its ratios if it has any."""
    job = comparison.job
    values = [quantity.of(trials, job) for trials in comparison.counted.values()]
    written = [UNKNOWN if value is None else quantity.written(value) for value in values]
    return row(
        say(quantity.title),
        [*written, *_ratios(comparison, quantity)],
        strong=quantity is EPOCH,
    )


def _outcome(trials: Sequence[Trial]) -> str:
    states = [trial.state for trial in trials]
    if len(trials) == 1:
        return say(state_of(states[0].value))
    return say(_SUCCEEDED, succeeded=states.count(JobState.SUCCEEDED), trials=len(trials))


def _epochs(trials: Sequence[Trial]) -> str:
    return f"{median(len(trial.epochs) for trial in trials):g}"


def _ratios(comparison: Comparison, quantity: Quantity) -> list[str]:
    estimates = [pair.ratios.get(quantity.name) for pair in comparison.pairs]
    return [_written(each) for each in estimates] if any(estimates) else []


def _written(found: Estimate | None) -> str:
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return f"{found.ratio:.2f}"
    return say(_RATIO, ratio=found.ratio, low=found.low, high=found.high)


def _environment(trials: Sequence[Trial], field: str) -> str:
    values = {getattr(trial.environment, field) for trial in trials if trial.environment}
    return ", ".join(sorted(values)) or UNKNOWN
