"""Every trial of a comparison -> a table."""

from collections.abc import Mapping, Sequence

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import OF, label, number, state_of
from orchestrator.reports.grid import UNKNOWN, Cell, Column, Grid, Row, columns
from orchestrator.results.quantities import (
    EPOCH,
    PEAK_MEMORY,
    START_UP,
    TEST_LOSS,
    TRAINING,
    Quantity,
    test_metrics,
)
from orchestrator.trials.trial import Trial

_TEXTS = (Phrase("Pair"), Phrase("Side"), Phrase("Outcome"))
_SEED = Phrase("Seed")
_SECONDS: Mapping[Quantity, Phrase] = {  # a column of seconds says so in its heading
    EPOCH: Phrase("Epoch, s"),
    TRAINING: Phrase("Training, s"),
    START_UP: Phrase("Start-up, s"),
}


def table(trials: Mapping[str, Sequence[Trial]]) -> Grid:
    """Return the table by side, with the trials of a pair below each other."""
    index = {side: place for place, side in enumerate(trials)}
    order = sorted(
        (trial for group in trials.values() for trial in group),
        key=lambda trial: (trial.number, index[trial.framework]),
    )
    shown = _shown(order)
    headings = [say(_SEED), *(say(_SECONDS.get(each, each.title)) for each in shown)]
    numbers = [Column(Cell(heading)) for heading in headings]
    return Grid(
        [*columns(*_TEXTS, numeric=False), *numbers], [_row(trial, shown) for trial in order]
    )


def _shown(trials: Sequence[Trial]) -> list[Quantity]:
    """Return the quantities of the last columns: a further metric only if a trial has it."""
    spec = next((trial.spec for trial in trials if trial.spec), None)
    further = [
        each
        for each in test_metrics(spec)[1:]
        if any(each.measure(trial, spec) is not None for trial in trials)
    ]
    return [*_SECONDS, test_metrics(spec)[0], TEST_LOSS, *further, PEAK_MEMORY]


def _row(trial: Trial, shown: Sequence[Quantity]) -> Row:
    state = state_of(trial.state.value)
    outcome = say(OF, name=state, what=trial.error.message) if trial.error else say(state)
    measured = [
        UNKNOWN if value is None else (number if each in _SECONDS else each.written)(value)
        for each in shown
        for value in [each.measure(trial, trial.spec)]
    ]
    return Row(
        [
            Cell(str(trial.number)),
            Cell(label(trial.framework), side=trial.framework),
            Cell(outcome, strong=trial.error is not None),
            *map(Cell, [str(trial.spec.seed) if trial.spec else UNKNOWN, *measured]),
        ]
    )
