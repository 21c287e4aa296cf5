"""One difference that a careless comparison lets in."""

import functools
import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase


@dataclass(frozen=True, slots=True)
class Pitfall:
    """One difference: ``way`` is how a job spec requests it.

    ``pytorch`` and ``tensorflow`` describe the behaviour of each, in a few words, and a module such
    as `in_jax` that of a further framework, which `further` finds by its name; ``paragraph`` why
    it matters, ``source`` where it is documented. ``on_gpu``: there is no such thing on a CPU.
    ``usual``: the idiomatic recipe has it, so its gap can come from it.
    """

    name: str
    way: job_pb2.OwnWay
    title: Phrase
    pytorch: Phrase
    tensorflow: Phrase
    paragraph: Phrase
    source: str
    on_gpu: bool = False
    usual: bool = False

    def lacked_by(self, framework: str) -> bool:
        """Return whether it is known that the framework has no such way."""
        ways = further(framework)
        return ways is not None and self.name not in ways

    def does(self, framework: str) -> Phrase | None:
        """Return what the framework does. None: it is not described here."""
        ways = further(framework)
        if ways is not None:
            return ways.get(self.name)
        return {"pytorch": self.pytorch, "tensorflow": self.tensorflow}.get(framework)


@functools.cache
def further(framework: str) -> Mapping[str, Phrase] | None:
    """Return what a further framework's users have, by pitfall. None: it is not described here."""
    name = f"{__package__}.in_{framework}"
    if framework not in FRAMEWORKS or importlib.util.find_spec(name) is None:
        return None
    ways: Mapping[str, Phrase] = importlib.import_module(name).WAYS
    return ways
