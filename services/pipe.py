"""The messages in the pipe between a runner and the process of a trial.

Out: `Ready` or `Failure`. In: one `Task`. Out: its events, then `Finished` or `Failure`. After a
task that leaves its process, another one may follow. Both sides import this module, so that they
use the same classes.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from twinrun.contract.code import StoredFile
from twinrun.contract.events import Environment, Event, Failure
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

LOGITS_FILE = "logits.safetensors"  # in a task's output_dir
GIVEN_FILE = "given.safetensors"  # in a task's output_dir: the weights to evaluate
FILES_FOLDER = "files"  # in a task's output_dir: images for a framework's own reader


class Kind(StrEnum):
    """The kind of a task, as job.proto's JobKind."""

    TRAIN = "train"
    EVALUATE = "evaluate"
    SUMMARIZE = "summarize"
    MEASURE = "measure"
    PREVIEW = "preview"
    TRACE = "trace"


class ProcessUse(StrEnum):
    """As runner_service.proto's ProcessUse."""

    OWN = "own"
    SHARED = "shared"
    SHARED_LAST = "shared_last"


@dataclass(frozen=True, slots=True)
class Task:
    """What a trial must do; ``weights`` is the safetensors file of those to evaluate."""

    spec: JobSpec
    data_dir: Path
    output_dir: Path  # for weights and logits
    kind: Kind = Kind.TRAIN
    weights: Path | None = None
    process: ProcessUse = ProcessUse.OWN
    memory_limit_bytes: int = 0  # of its process, resident; 0: no limit
    group: Group = ALONE  # the machines that train it, each a part

    @property
    def shares_process(self) -> bool:
        """Whether it runs in a process that ran others: then its times mean nothing."""
        return self.process is not ProcessUse.OWN

    def fits(self, other: "Task") -> bool:
        """Return whether it may run in the process that ``other`` left, whose settings persist."""
        mine, theirs = self.spec, other.spec
        same = (mine.device, mine.devices, mine.threads, mine.recipe, _files(mine)) == (
            *(theirs.device, theirs.devices, theirs.threads, theirs.recipe, _files(theirs)),
        )
        return self.shares_process and other.process is ProcessUse.SHARED and same


def _files(spec: JobSpec) -> StoredFile | None:
    """Return the user's code, whose modules stay imported."""
    return None if spec.code is None else spec.code.files


@dataclass(frozen=True, slots=True)
class Ready:
    """The framework has been imported."""

    environment: Environment


@dataclass(frozen=True, slots=True)
class Finished:
    """The task is done; nothing follows."""


Report = Ready | Event | Finished | Failure
