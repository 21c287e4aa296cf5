"""Makes the rows of an explanation: pairs of trials that part where they are told to, and jobs."""

import dataclasses
from dataclasses import replace

from twinrun.contract.enums import DecayForm, TargetKind
from twinrun.contract.layers import BatchNorm, Conv2d, Flatten, LayerNorm, Residual
from twinrun.contract.losses import MeanSquaredError
from twinrun.contract.optimizers import Optimizer, RmsProp, Sgd
from twinrun.contract.regularization import WeightDecay
from twinrun.contract.spec import Arrays, Dataset

from orchestrator.results.habits.explanation import explain
from orchestrator.results.habits.numbering import MATCHED
from tests.builders.events import losses, trial

BOTH = ("pytorch", "tensorflow")
SGD = Optimizer(Sgd(), 0.1)
ONE = Arrays("0" * 64, 1, 9, 9, (3,), TargetKind.NUMBERS, 1)
# What a job has that a difference touches, by its name, if the default job lacks it.
TOUCHED = {
    "target-shape": {"loss": MeanSquaredError(), "dataset": Dataset("file", arrays=ONE)},
    "rmsprop-epsilon": {"optimizer": Optimizer(RmsProp())},
    "weight-decay": {"optimizer": replace(SGD, weight_decay=WeightDecay(0.1, DecayForm.COUPLED))},
    "norm-epsilon": {"layers": (Residual((LayerNorm(),)),)},
    "norm-momentum": {"layers": (Residual((BatchNorm(0.9, 1e-3),)),)},
    "same-padding": {"layers": (Residual((Conv2d(3, stride=2, same=True),)),)},
    "memory-layout": {"layers": (Conv2d(3), Flatten())},
    "cudnn-benchmark": {"layers": (Conv2d(3), Flatten())},
}


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


def changed(inputs=None, **spec):
    """A job of the default Adam and a batch of 64, and inputs of 3,200 samples, but for this."""
    (ran, _) = pair()
    given = {"train_samples": 3201, "steps_per_epoch": 938, **(inputs or {})}
    return replace(ran.spec, **spec), replace(ran.inputs, **given)
