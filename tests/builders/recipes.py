"""Makes trials of the idiomatic recipe."""

import dataclasses

from tests.builders.events import job, trial

IDIOMATIC = job(recipe="RECIPE_IDIOMATIC")


def waiting(framework, seconds, wait):
    found = trial(framework, seconds=(seconds,))
    epochs = tuple(dataclasses.replace(e, data_wait_seconds=wait) for e in found.epochs)
    return dataclasses.replace(found, epochs=epochs, spec=IDIOMATIC)
