"""Which trials of an explanation are of which difference: it is in their numbers."""

from orchestrator.results.habits.pitfall import Pitfall
from orchestrator.results.habits.pitfalls import PITFALLS

MATCHED = 1  # the number of the trials that differ in nothing
_REPETITION = 100  # is added to the numbers of the trials of each further repetition


def number_of(pitfall: Pitfall | None, repetition: int = 0) -> int:
    """Return the number of the trials that differ in it, in a repetition, from 0."""
    first = MATCHED if pitfall is None else MATCHED + 1 + PITFALLS.index(pitfall)
    return first + _REPETITION * repetition


def repetition_of(number: int, pitfall: Pitfall | None) -> int | None:
    """Return the repetition, from 0, if a trial of that number differs in it alone."""
    repetition, first = divmod(number, _REPETITION)
    return repetition if first == number_of(pitfall) else None
