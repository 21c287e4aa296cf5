"""Takes a while to import."""

import time

from tests.integration.fakes.good import Trainer, environment

__all__ = ["Trainer", "environment"]

time.sleep(3)
