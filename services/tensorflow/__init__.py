"""Training on TensorFlow. With services/pytorch, the only folders that import a framework."""

import os
from typing import assert_never

# The same GPU numbers everywhere: CUDA's own default is "fastest first".
os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
# Errors only: standard error is kept as the reason if a trial's process dies.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# Whatever the user has chosen for their own programs.
os.environ["KERAS_BACKEND"] = "tensorflow"

from twinrun.contract.enums import Loop, Recipe
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.keras.choice import confirm
from services.model.weights import Weights
from services.tensorflow.code.layered import of_layers
from services.tensorflow.code.trace import trace
from services.tensorflow.devices.trainer import MirroredTrainer
from services.tensorflow.environment import environment
from services.tensorflow.idiomatic import CustomLoopTrainer, IdiomaticTrainer
from services.tensorflow.matched import MatchedTrainer
from services.tensorflow.measure import measure
from services.tensorflow.summary import summarize
from services.trial import trainer
from services.trial.code import Build

confirm("tensorflow")


def Trainer(  # noqa: N802
    spec: JobSpec,
    data: Data,
    weights: Weights | None,
    build: Build | None = None,
    group: Group = ALONE,
) -> trainer.Trainer:
    """Return the trainer of the spec's recipe."""
    match spec.recipe:
        case Recipe.MATCHED if spec.devices > 1:
            return MirroredTrainer(spec, data, weights, group)
        case Recipe.MATCHED:
            return MatchedTrainer(spec, data, weights, build)
        case Recipe.IDIOMATIC:
            made = CustomLoopTrainer if spec.loop is Loop.CUSTOM else IdiomaticTrainer
            return made(spec, data, weights, build)
        case _:
            assert_never(spec.recipe)


def leave() -> None:
    """Leave the other machines that trained a job together: none of them needs this process."""


__all__ = ["Trainer", "environment", "leave", "measure", "of_layers", "summarize", "trace"]
