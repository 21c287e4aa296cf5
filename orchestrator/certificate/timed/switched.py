"""A pair of timed trials that parts at a step: whether rounding switches a unit of its model.

The proof is that of `orchestrator.certificate.switched`: each side's trial repeats, and one of the
two agrees, as strictly as ever, with the other side's with perturbed initial values. What a trainer
does wrong, it does in its perturbed trials too. A certificate looks for such a unit with the seed
of the job; a comparison's other pairs have other seeds, and other units.
"""

from collections.abc import Callable, Sequence

from orchestrator.trials.trial import Trial

_PAIRS = 100_000  # more than a comparison has
REPEATED = 0  # the draw without a perturbation
Agree = Callable[[Trial, Trial], bool]


def number_of(draw: int, pair: int) -> int:
    """Return the number of the trial that runs ``pair``'s again, with a ``draw`` of values."""
    return draw * _PAIRS + pair


def is_switched(
    one: Trial, other: Trial, again: Sequence[Trial], agree: Agree, repeat: Agree
) -> bool:
    """Return whether it is shown by trials run ``again``, of any pair and either side."""

    def draws(trial: Trial) -> tuple[list[Trial], list[Trial]]:
        of_it = [
            each
            for each in again
            if each.framework == trial.framework and each.number % _PAIRS == trial.number
        ]
        return (
            [each for each in of_it if each.number < _PAIRS],
            [each for each in of_it if each.number >= _PAIRS],
        )

    (same, firsts), (other_same, seconds) = draws(one), draws(other)
    if not same or not other_same:
        return False
    if not (repeat(one, same[0]) and repeat(other, other_same[0])):
        return False
    return any(agree(one, draw) for draw in seconds) or any(agree(draw, other) for draw in firsts)
