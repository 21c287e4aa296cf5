"""What goes through the pipe between a runner and the process of a trial.

Out: `Ready` or `Failure`. In: one `Task`. Out: its events, then `Finished` or
`Failure`. The module is imported by both sides, so that both mean the same classes.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from services.events import Environment, Event, Failure
from services.spec import JobSpec

LOGITS_FILE = "logits.safetensors"  # in a task's output_dir


class Kind(StrEnum):
    """Of a task, as job.proto's JobKind."""

    TRAIN = "train"
    EVALUATE = "evaluate"
    SUMMARIZE = "summarize"
    MEASURE = "measure"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class Task:
    """What a trial is to do; ``weights``, a safetensors file, are those to evaluate."""

    spec: JobSpec
    data_dir: Path
    output_dir: Path  # for weights and logits
    kind: Kind = Kind.TRAIN
    weights: bytes | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The framework has been imported."""

    environment: Environment


@dataclass(frozen=True, slots=True)
class Finished:
    """The task is done; nothing follows."""


Report = Ready | Event | Finished | Failure
