"""A framework that says which release it is, as PyTorch's builds do."""

from dataclasses import replace

from twinrun.contract.events import Environment

from tests.integration.fakes import good
from tests.integration.fakes.good import measure, summarize

__all__ = ["Trainer", "environment", "measure", "summarize"]
VERSION = "2.13.0+fake"


def environment() -> Environment:
    return replace(good.environment(), framework_version=VERSION)


class Trainer(good.Trainer):
    def environment(self) -> Environment:
        return replace(super().environment(), framework_version=VERSION)
