"""Which trials of an explanation are of which differences: it is in their numbers."""

from collections.abc import Sequence

from orchestrator.results.habits.pitfall import Pitfall
from orchestrator.results.habits.pitfalls import PITFALLS

MATCHED = 1  # the number of the trials that differ in nothing
_REPETITION = 100  # is added to the numbers of the trials of each further repetition
_IDIOMATIC = _REPETITION - 1  # of those of the idiomatic recipe
# Those of two differences begin here, each two with as many numbers as there may be repetitions.
_TWO, _REPETITIONS = 1_000_000, 1_000


def number_of(pitfall: Pitfall | None, repetition: int = 0) -> int:
    """Return the number of the trials that differ in it, in a repetition, from 0."""
    first = MATCHED if pitfall is None else MATCHED + 1 + PITFALLS.index(pitfall)
    return first + _REPETITION * repetition


def number_of_idiomatic(repetition: int = 0) -> int:
    """Return the number of the trials of the idiomatic recipe."""
    return _IDIOMATIC + _REPETITION * repetition


def number_of_two(two: Sequence[Pitfall], repetition: int = 0) -> int:
    """Return the number of the trials that differ in both."""
    first, second = sorted(map(PITFALLS.index, two))
    return _TWO + (first * _REPETITION + second) * _REPETITIONS + repetition


def repetition_of(number: int, pitfall: Pitfall | None) -> int | None:
    """Return the repetition, from 0, if a trial of that number differs in it alone."""
    return _repetition(number, number_of(pitfall))


def repetition_of_idiomatic(number: int) -> int | None:
    """Return the repetition, from 0, if a trial of that number is of the idiomatic recipe."""
    return _repetition(number, _IDIOMATIC)


def repetition_of_two(number: int, two: Sequence[Pitfall]) -> int | None:
    """Return the repetition, from 0, if a trial of that number differs in both."""
    repetition = number - number_of_two(two)
    return repetition if 0 <= repetition < _REPETITIONS else None


def _repetition(number: int, first: int) -> int | None:
    repetition, rest = divmod(number, _REPETITION)
    return repetition if number < _TWO and rest == first else None
