"""What a false runner may tell, each lie with the command that meets it and how that must end."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twinrun.v1 import job_pb2

from tests.builders.lying import Lie, Report, put

NAN, INF = math.nan, math.inf
COLOUR = "\x1b[31m2.0\x1b[0m"
YEARS = 10 * 365 * 86_400


@dataclass
class Case:
    """``codes``: those that the command may end with. ``says``: part of what it has to say."""

    command: str
    lie: Lie
    codes: tuple[int, ...] = (4,)
    says: str = ""


CASES: dict[str, Case] = {}


def told(name: str, of: Callable[[Report], Any], says: str = "", **given: Any) -> None:
    """A lie in what a job reports."""

    def change(report: Report) -> Report:
        changed = of(report)
        return changed if isinstance(changed, Report) else report

    CASES[name] = Case(given.pop("command", "train"), Lie(of=change), says=says, **given)


def wrong(kind: str, path: str, value: Any, index: int = 0, **given: Any) -> None:
    """A field of an event that is not what it can be."""

    def change(report: Report) -> None:
        put(report.of(kind)[index], path, value)

    name = f"{given.get('command', 'train')}: {kind}[{index}].{path} = {str(value)[:40]!r}"
    told(name, change, **{"says": path.rpartition(".")[2], **given})


def moved(name: str, change: Callable[[list[job_pb2.JobEvent], Report], Any], says="") -> None:
    """Events that come in another order, or not at all."""

    def moving(report: Report) -> Report:
        change(report.events, report)
        return report.numbered()

    told(name, moving, says)


def field(path: str, value: Any) -> Callable[[Any], Any]:
    def change(message: Any) -> Any:
        put(message, path, value)
        return message

    return change
