"""Jobs of own ways, and what their steps report."""

import numpy as np
from twinrun.contract.enums import Execution

from tests.frameworks import jobs, reference

UNCOMPILED = [Execution.DEFAULT, Execution.EAGER]


def spec(*ways, **changes):
    changes.setdefault("layers", jobs.SHALLOW)
    return jobs.spec(own_ways=ways, epochs=2, **changes)


def name_of(framework):
    return framework.__name__.rpartition(".")[2]


def steps(framework, job, weights=None):
    made = framework.Trainer(job, jobs.data(job.precision), weights or jobs.weights(job))
    made.warm_up()
    return [taken for epoch in range(job.epochs) for taken in made.train_epoch(epoch)]


def losses(framework, job):
    return np.concatenate([taken.losses for taken in steps(framework, job)])


def expected(job):
    return reference.train(job, jobs.data(), jobs.weights(job))[0]


def module(framework, name):
    return __import__(f"services.{name_of(framework)}.{name}", fromlist=["_"])


def users(framework, part):
    """Return a part of what users write: of TensorFlow it is Keras's."""
    if name_of(framework) == "tensorflow":
        return __import__(f"services.keras.{part}", fromlist=["_"])
    return module(framework, part)


def numbers(framework):
    """Return the function of the numbers that users' norms have by default."""
    return users(framework, "numbers" if name_of(framework) == "tensorflow" else "defaults").number
