"""A runner of PyTorch on which each of two machines takes the mean of its own samples alone.

``python -m tests.system.own_mean --framework pytorch ...``.
"""

import sys

from services.frameworks import FRAMEWORKS, Framework
from services.model.shares import Share
from services.pytorch import Trainer, environment, leave
from services.runner import server

__all__ = ["Trainer", "environment", "leave"]

Share.weight = 1 / 2  # of the processes that train: they import this module as a framework's

if __name__ == "__main__":
    FRAMEWORKS["pytorch"] = Framework("tests.system.own_mean", "torch", 0)
    sys.exit(server.main(sys.argv[1:]))
