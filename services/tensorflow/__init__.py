"""Training on TensorFlow. With services/pytorch, the only folders that import a framework."""

import os

# One numbering of GPUs, whatever counts them: CUDA's own default is "fastest first".
os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
# Errors only: standard error is kept as the reason where a trial's process dies.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from services import trainer
from services.tensorflow.environment import environment
from services.tensorflow.matched import MatchedTrainer

Trainer: type[trainer.Trainer] = MatchedTrainer

__all__ = ["Trainer", "environment"]
