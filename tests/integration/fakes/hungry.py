"""Asks for more memory than there is."""

import resource

import numpy as np

from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Trainer(good.Trainer):
    def warm_up(self):
        if self.spec.seed == 0:
            resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
            np.ones(2**32)
