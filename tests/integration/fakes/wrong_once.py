"""As `switches_once`, but by a fault and not by rounding: its values, moved a little, part too."""

from tests.integration.fakes import switches_once
from tests.integration.fakes.switches_once import environment, measure, summarize

__all__ = ["Trainer", "environment", "measure", "summarize"]


class Trainer(switches_once.Trainer):
    def parts(self) -> bool:
        return True
