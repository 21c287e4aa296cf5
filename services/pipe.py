"""What goes through the pipe between a runner and the process of a trial.

Out: `Ready` or `Failure`. In: one `Task`. Out: its events, then `Finished` or
`Failure`. The module is imported by both sides, so that both mean the same classes.
"""

from dataclasses import dataclass
from pathlib import Path

from services.events import Environment, Event, Failure
from services.spec import JobSpec

LOGITS_FILE = "logits.safetensors"  # in a task's output_dir


@dataclass(frozen=True, slots=True)
class Task:
    """What a trial is to do. With ``weights`` (a safetensors file) it evaluates, else it trains."""

    spec: JobSpec
    data_dir: Path
    output_dir: Path  # for weights and logits
    weights: bytes | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The framework has been imported."""

    environment: Environment


@dataclass(frozen=True, slots=True)
class Finished:
    """The task is done; nothing follows."""


Report = Ready | Event | Finished | Failure
