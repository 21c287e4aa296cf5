"""Reports what no runner can take: by seed, what cannot be sent, read, or written down."""

import dataclasses
import sys
import types

from tests.integration.fakes import good
from tests.integration.fakes.good import environment

__all__ = ["Trainer", "environment"]


class Local:
    """Lives in a module that the runner does not have."""

    __module__ = "nowhere"


sys.modules["nowhere"] = types.SimpleNamespace(Local=Local)


class Trainer(good.Trainer):
    def environment(self):
        found = environment()
        reports = {
            0: dataclasses.replace(found, blas=lambda: "cannot be pickled"),
            2: Local(),
            3: dataclasses.replace(found, threads="many"),
            4: types.SimpleNamespace(kind="none that is known"),
        }
        return reports.get(self.spec.seed, found)
