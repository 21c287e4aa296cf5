"""Makes the rows of an explanation: pairs of trials that part where they are told to."""

import dataclasses

from orchestrator.results.habits.explanation import explain
from orchestrator.results.habits.numbering import MATCHED
from tests.builders.events import losses, trial

BOTH = ("pytorch", "tensorflow")


def pair(number=MATCHED, parts_at=None, seconds=(1.0, 2.0), running=None, steps=100):
    values = losses(1, steps)
    other = [v if parts_at is None or i < parts_at else 1.5 * v for i, v in enumerate(values)]
    first = trial("pytorch", number, seconds=(seconds[0],), step_losses=values)
    second = trial("tensorflow", number, seconds=(seconds[1],), step_losses=other)
    if running is not None:
        told = tuple(dataclasses.replace(e, running_accuracy=running) for e in second.epochs)
        second = dataclasses.replace(second, epochs=told)
    return [first, second]


def rows(*pairs):
    return explain([t for found in pairs for t in found], BOTH)
