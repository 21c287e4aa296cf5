"""What a run's directory is called, taken apart."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.store import STAMP

# What stands before a workload's name, or behind it, where a run is not a plain comparison.
_BEFORE, _BEHIND = ("verify-", "explain-"), ("-recipes", "-loops")


@dataclass(frozen=True, slots=True)
class About:
    """``name`` of the run, its ``workload``, and the ``time`` when it was made; None: unknown."""

    name: str
    workload: str
    time: datetime | None


def about(path: Path) -> About:
    """By the directory's name; of a run within another one by the outer one's."""
    parent = path.parent.name
    if _time(path.name) is None and _time(parent) is not None:
        outer = about(path.parent)
        return About(f"{outer.name}/{path.name}", outer.workload, outer.time)
    time = _time(path.name)
    workload = path.name.partition("-")[2] if time else path.name
    for before in _BEFORE:
        workload = workload.removeprefix(before)
    for behind in _BEHIND:
        workload = workload.removesuffix(behind)
    return About(path.name, workload, time)


def _time(name: str) -> datetime | None:
    try:
        return datetime.strptime(name.partition("-")[0], STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
