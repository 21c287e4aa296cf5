"""What the table of a comparison shows of each side."""

from collections.abc import Mapping, Sequence
from statistics import median

from twinrun.contract.enums import JobState

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import percent, state_of
from orchestrator.reports.rows import UNKNOWN, Row
from orchestrator.results.comparison import Comparison
from orchestrator.results.estimate import Estimate
from orchestrator.results.quantities import EPOCH, QUANTITIES, Quantity
from orchestrator.trials.trial import Trial

_SUCCEEDED = Phrase("{succeeded} of {trials} succeeded")
_RATIO = Phrase("{ratio:.2f} ({low:.2f} to {high:.2f})")
_OUTCOME, _EPOCHS = Phrase("Outcome"), Phrase("Epochs")
_ENVIRONMENT: Mapping[Phrase, str] = {
    Phrase("Version"): "framework_version",
    Phrase("Python"): "python_version",
}


def table_rows(comparison: Comparison) -> list[Row]:
    """Each side's quantities, as medians of the trials that were counted."""
    every, counted = comparison.trials.values(), comparison.counted.values()
    rows = [
        Row(say(_OUTCOME), [_outcome(trials) for trials in every]),
        Row(say(_EPOCHS), [_epochs(trials) for trials in counted]),
        *(_row(comparison, quantity) for quantity in QUANTITIES),
        *(
            Row(say(title), [_environment(trials, field) for trials in every])
            for title, field in _ENVIRONMENT.items()
        ),
    ]
    return [row for row in rows if set(row.values) - {UNKNOWN}]


def _row(comparison: Comparison, quantity: Quantity) -> Row:
    job = comparison.job
    values = [quantity.of(trials, job) for trials in comparison.counted.values()]
    return Row(
        say(quantity.title, target=percent(job.target_accuracy or 0)),
        [UNKNOWN if value is None else quantity.written(value) for value in values],
        ratios=_ratios(comparison, quantity),
        compared=quantity is EPOCH,
    )


def _outcome(trials: Sequence[Trial]) -> str:
    states = [trial.state for trial in trials]
    if len(trials) == 1:
        return say(state_of(states[0].value))
    return say(_SUCCEEDED, succeeded=states.count(JobState.SUCCEEDED), trials=len(trials))


def _epochs(trials: Sequence[Trial]) -> str:
    return f"{median(len(trial.epochs) for trial in trials):g}"


def _ratios(comparison: Comparison, quantity: Quantity) -> list[str]:
    found = [pair.ratios.get(quantity.name) for pair in comparison.pairs]
    return [_written(each) for each in found] if any(found) else []


def _written(found: Estimate | None) -> str:
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return f"{found.ratio:.2f}"
    return say(_RATIO, ratio=found.ratio, low=found.low, high=found.high)


def _environment(trials: Sequence[Trial], field: str) -> str:
    found = {getattr(trial.environment, field) for trial in trials if trial.environment}
    return ", ".join(sorted(found)) or UNKNOWN
