"""Makes comparisons from the seconds that trials took."""

from dataclasses import replace

import numpy as np

from orchestrator.results.comparison import compare
from tests.builders.events import JOB, trial


def timed(framework, seconds, number=1):
    """A trial of one epoch; `seconds` are not rounded, as those of an event would be."""
    found = trial(framework, number, seconds=(1.0,))
    epochs = (replace(found.epochs[0], train_seconds=seconds),)
    return replace(found, phases={"train": seconds}, epochs=epochs)


def both(pytorch, tensorflow):
    return compare(JOB, [timed("pytorch", pytorch), timed("tensorflow", tensorflow)])


def pairs(ratios, seconds=2.0):
    """Of each pair PyTorch's trial takes ``seconds``, TensorFlow's so many times as much."""
    return [
        made
        for number, ratio in enumerate(ratios, start=1)
        for made in (
            timed("pytorch", seconds, number),
            timed("tensorflow", ratio * seconds, number),
        )
    ]


NOISE = (0.99, 1.01, 1.0, 0.98, 1.02, 1.005, 0.995, 1.0)


def several(count, blocks=12, seed=0):
    """Trials of ``count`` sides that take as long, but for noise of 3 %."""
    rng = np.random.default_rng(seed)
    return [
        timed(f"side{index}", np.exp(0.03 * rng.standard_normal()), number)
        for number in range(1, blocks + 1)
        for index in range(count)
    ]
