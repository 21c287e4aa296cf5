"""What the process of a job's first device and those of the others send to each other."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from twinrun.contract.events import Failure
from twinrun.contract.group import Group
from twinrun.contract.spec import JobSpec

from services.model.weights import Weights


@dataclass(frozen=True, slots=True)
class Join:
    """Become the device ``place`` of so many. The first thing that is sent.

    ``meeting``: the file where all meet, or the machines if they are of several.
    """

    place: int
    devices: int
    backend: str
    meeting: Path | Group


@dataclass(frozen=True, slots=True)
class Begin:
    """Make a trainer. The file of the arrays, by name their dtype, shape and offset, follows."""

    spec: JobSpec
    group: Group
    weights: Weights | None
    arrays: dict[str, tuple[str, tuple[int, ...], int]]
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Epoch:
    """Begin the epoch, of which each `Command.CHUNK` is a part."""

    number: int


@dataclass(frozen=True, slots=True)
class Advance:
    """As `services.trial.trainer.Trainer.advance`."""

    steps: int


class Command(StrEnum):
    """What has nothing else to it."""

    WARM_UP = "warm_up"
    CHUNK = "chunk"
    DIGEST = "digest"  # is answered: the SHA-256 of the model's arrays, hexadecimal
    PEAK = "peak"  # is answered: `services.trial.trainer.Trainer.peak_device_memory_bytes`


@dataclass(frozen=True, slots=True)
class Failed:
    """The process ends. ``lost``: because it lost another, which knows more."""

    failure: Failure
    lost: bool


Order: TypeAlias = Join | Begin | Epoch | Advance | Command
READY = "ready"  # PyTorch has been imported
