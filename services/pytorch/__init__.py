"""Training on PyTorch. With services/tensorflow, the only folders that import a framework."""

import os

# One numbering of GPUs, whatever counts them: CUDA's own default is "fastest first".
os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")

from services import trainer
from services.pytorch.environment import environment
from services.pytorch.matched import MatchedTrainer

Trainer: type[trainer.Trainer] = MatchedTrainer

__all__ = ["Trainer", "environment"]
