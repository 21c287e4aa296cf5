"""Every trial of a comparison -> a table."""

from collections.abc import Callable, Mapping, Sequence

from orchestrator.language.phrases import Phrase, say
from orchestrator.language.words import OF, label, number, state_of
from orchestrator.reports.grid import UNKNOWN, Cell, Grid, Row, columns
from orchestrator.results.quantities import (
    EPOCH,
    PEAK_MEMORY,
    START_UP,
    TEST_ACCURACY,
    TEST_LOSS,
    TRAINING,
    Quantity,
)
from orchestrator.trials.trial import Trial

_TEXTS = (Phrase("Pair"), Phrase("Side"), Phrase("Outcome"))
_NUMBERS = (
    Phrase("Seed"),
    Phrase("Epoch, s"),
    Phrase("Training, s"),
    Phrase("Start-up, s"),
    Phrase("Test accuracy"),
    Phrase("Test loss"),
    Phrase("Peak memory"),
)
# The last columns; a column of seconds says so in its heading.
_QUANTITIES: Mapping[Quantity, Callable[[float], str]] = {
    **dict.fromkeys((EPOCH, TRAINING, START_UP), number),
    **{each: each.written for each in (TEST_ACCURACY, TEST_LOSS, PEAK_MEMORY)},
}


def table(trials: Mapping[str, Sequence[Trial]]) -> Grid:
    """Return the table by side, with the trials of a pair below each other."""
    index = {side: place for place, side in enumerate(trials)}
    order = sorted(
        (trial for group in trials.values() for trial in group),
        key=lambda trial: (trial.number, index[trial.framework]),
    )
    _, *numbers = columns(_TEXTS[0], *_NUMBERS)
    return Grid([*columns(*_TEXTS, numeric=False), *numbers], list(map(_row, order)))


def _row(trial: Trial) -> Row:
    state = state_of(trial.state.value)
    outcome = say(OF, name=state, what=trial.error.message) if trial.error else say(state)
    measured = [
        UNKNOWN if value is None else written(value)
        for quantity, written in _QUANTITIES.items()
        for value in [quantity.measure(trial, trial.spec)]
    ]
    return Row(
        [
            Cell(str(trial.number)),
            Cell(label(trial.framework), side=trial.framework),
            Cell(outcome, strong=trial.error is not None),
            *map(Cell, [str(trial.spec.seed) if trial.spec else UNKNOWN, *measured]),
        ]
    )
