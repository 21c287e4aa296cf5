"""Makes the trials of an explanation in which a difference changes what it is told to."""

import numpy as np

from orchestrator.results.habits.numbering import number_of
from orchestrator.results.habits.pitfalls import PITFALLS
from tests.builders.events import trial
from tests.builders.explained import BOTH

BY_NAME = {pitfall.name: pitfall for pitfall in PITFALLS}
REPEATS = 8


def planted(number, factor=1.0, points=0.0, of_loss=1.0):
    """Pairs of trials whose second side has so much more time, accuracy and loss.

    ``number``: by repetition. Seeds differ from each other by more than that.
    """
    rng = np.random.default_rng(number(0))
    near = np.array([rng.permutation(np.linspace(-1e-3, 1e-3, REPEATS)) for _ in range(6)])
    luck = np.random.default_rng(0).normal(0, 0.05, REPEATS)
    found = []
    for repetition, each in enumerate(near.T.reshape(REPEATS, 3, 2)):
        seconds = np.array([1.0, 2.0 * factor]) * np.exp(each[0])
        accuracies = 0.8 + luck[repetition] + np.array([0, points]) + each[1]
        losses = np.array([1.0, of_loss]) * np.exp(each[2])
        for place, name in enumerate(BOTH):
            given = {
                "seconds": (seconds[place],),
                "accuracies": [accuracies[place]],
                "step_losses": [losses[place]] * 100,
            }
            found.append(trial(name, number(repetition), **given))
    return found


def of(pitfall):
    return lambda repetition: number_of(pitfall, repetition)


MATCHED = planted(of(None))
