"""Training on PyTorch. With services/tensorflow, the only folders that import a framework."""

import os
from typing import assert_never

# The same GPU numbers everywhere: CUDA's own default is "fastest first".
os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")

from twinrun.contract.enums import Recipe
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.model.weights import Weights
from services.pytorch.code.layered import of_layers
from services.pytorch.code.trace import trace
from services.pytorch.environment import environment
from services.pytorch.matched import MatchedTrainer
from services.pytorch.measure import measure
from services.pytorch.summary import summarize
from services.trial import trainer
from services.trial.code import Build


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
            from services.pytorch.devices.trainer import LeadingTrainer  # noqa: PLC0415 - 0.5 s

            return LeadingTrainer(spec, data, weights, group)
        case Recipe.MATCHED:
            return MatchedTrainer(spec, data, weights, build)
        case Recipe.IDIOMATIC:
            from services.pytorch.idiomatic import IdiomaticTrainer  # noqa: PLC0415 - torchvision

            return IdiomaticTrainer(spec, data, weights, build)
        case _:
            assert_never(spec.recipe)


def leave() -> None:
    """Leave the other machines that trained a job together."""
    from services.pytorch.devices import pool  # noqa: PLC0415 - 0.5 s

    pool.close()


__all__ = ["Trainer", "environment", "leave", "measure", "of_layers", "summarize", "trace"]
