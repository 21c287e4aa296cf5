"""One difference that a careless comparison lets in."""

from dataclasses import dataclass

from twinrun.v1 import job_pb2

from orchestrator.language.phrases import Phrase
from orchestrator.results.habits.in_jax import IN_JAX


@dataclass(frozen=True, slots=True)
class Pitfall:
    """One difference: ``way`` is how a job spec requests it.

    ``pytorch`` and ``tensorflow`` describe the behaviour of each, in a few words; ``paragraph`` why
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
        return framework == "jax" and self.name not in IN_JAX

    def does(self, framework: str) -> Phrase | None:
        """Return what the framework does. None: it is not described here."""
        if framework == "jax":
            return IN_JAX.get(self.name)
        return {"pytorch": self.pytorch, "tensorflow": self.tensorflow}.get(framework)
