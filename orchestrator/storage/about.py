"""What a run is, from its run.json; for an older run, from its directory."""

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, english
from orchestrator.storage.files import read_json, write_whole

FILE = "run.json"
SCHEMA = "twinrun.run/1"
STAMP = "%Y%m%dT%H%M%SZ"
_NOT_KNOWN = Phrase(
    "{path} gives {value!r} as {field}, which this version of Twinrun cannot read; use the version "
    "that made the run."
)


class State(StrEnum):
    """How the making of a run ended."""

    FINISHED = "finished"
    STOPPED = "stopped"


class Kind(StrEnum):
    """What a run was made for. ``train`` has one side, ``compare`` several."""

    TRAIN = "train"
    COMPARE = "compare"
    RECIPES = "recipes"
    LOOPS = "loops"
    VERIFY = "verify"
    EXPLAIN = "explain"
    PARITY = "parity"
    SWEEP = "sweep"

    @property
    def is_comparison(self) -> bool:
        """Whether all trials of such a run are of one job, and timed."""
        return self in (Kind.TRAIN, Kind.COMPARE)


# What precedes and follows the workload in the name of a directory.
_AROUND = {
    Kind.RECIPES: ("", "-recipes"),
    Kind.LOOPS: ("", "-loops"),
    Kind.SWEEP: ("", "-sweep"),
    Kind.VERIFY: ("verify-", ""),
    Kind.EXPLAIN: ("explain-", ""),
}
# The results that identify an older run.
_RESULTS = {
    "comparison": Kind.COMPARE,
    "recipes": Kind.RECIPES,
    "loops": Kind.LOOPS,
    "sweep": Kind.SWEEP,
    "explanation": Kind.EXPLAIN,
}


_OPTIONAL = (
    "baseline",
    "label",
    "host",
    "precision",
    "margin",
    "fail_if",
    "state",
)  # keys of run.json


@dataclass(frozen=True, slots=True)
class About:
    """The ``kind`` of a run, its ``workload``, and the requested ``sides``, in order.

    ``baseline``: the side that the others are compared with; None: the first. ``name``: of its
    directory, for people; of an inner run after the outer one's. ``time``: when it was made. An
    older run may not record its time, which is then None, and has the sides that started.
    ``label``: the user's own words. ``host``: the machine that it was made on. ``precision``: the
    half-width of the interval to repeat for, a fraction. ``margin``: within which the task's metric
    is to be equivalent, as `--margin`. ``fail_if``: conditions, as `--fail-if`. ``state``: None
    while it is being made, if its command was killed, and for an older run.
    """

    name: str
    kind: Kind
    workload: str
    time: datetime | None
    sides: Sequence[str] = ()
    baseline: str | None = None
    label: str = ""
    host: str = ""
    precision: float | None = None
    margin: float | None = None
    fail_if: str | None = None
    state: State | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the contents of run.json."""
        known = {name: getattr(self, name) for name in _OPTIONAL}
        return {
            "schema": SCHEMA,
            "kind": self.kind.value,
            "workload": self.workload,
            "created": self.time.isoformat() if self.time else None,
            "sides": list(self.sides),
            **{name: value for name, value in known.items() if value},
        }


def plain(sides: Sequence[str]) -> Kind:
    """Return the kind of a run that consists only of trials of ``sides``."""
    return Kind.TRAIN if len(sides) == 1 else Kind.COMPARE


def title(kind: Kind, workload: str) -> str:
    """Return the part of a directory's name after the time."""
    before, behind = _AROUND.get(kind, ("", ""))
    return f"{before}{workload}{behind}"


def about(path: Path) -> About:
    """Return what the run in ``path`` is. Raises RunUnreadable."""
    file = path / FILE
    if not file.exists():
        return by_directory(path)
    inner = (path.parent / FILE).exists()
    name = f"{path.parent.name}/{path.name}" if inner else path.name
    return _parsed(read_json(file), name, file)


def _parsed(found: Any, name: str, file: Path) -> About:
    given = found if isinstance(found, dict) else {}

    def refusal(field: str) -> RunUnreadable:
        return RunUnreadable(english(_NOT_KNOWN, path=file, field=field, value=given.get(field)))

    if given.get("schema") != SCHEMA:
        raise refusal("schema")
    if not isinstance(given.get("workload"), str):
        raise refusal("workload")
    sides = given.get("sides")
    if not isinstance(sides, list) or not all(isinstance(side, str) for side in sides):
        raise refusal("sides")
    try:
        kind = Kind(str(given.get("kind")))
    except ValueError as error:
        raise refusal("kind") from error
    try:
        time = datetime.fromisoformat(given["created"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise refusal("created") from error
    valid = {
        "baseline": lambda value: value in sides,
        "label": lambda value: isinstance(value, str),
        "host": lambda value: isinstance(value, str),
        "precision": lambda value: isinstance(value, float) and 0 < value < 1,
        "margin": lambda value: isinstance(value, float) and 0 < value < math.inf,
        "fail_if": lambda value: isinstance(value, str),
        "state": lambda value: value in list(State),
    }
    more: dict[str, Any] = {field: given[field] for field in _OPTIONAL if field in given}
    for field, value in more.items():
        if not valid[field](value):
            raise refusal(field)
    if "state" in more:
        more["state"] = State(more["state"])
    return About(name, kind, given["workload"], time, tuple(sides), **more)


def change(path: Path, **fields: str | State | Sequence[str]) -> None:
    """Change ``fields`` of what the run in ``path`` is. Raises OutputError, RunUnreadable."""
    before = about(path)
    # An older run may not record its time; a run.json has one.
    time = before.time or datetime.fromtimestamp((path / "job.json").stat().st_mtime, UTC)
    changed: Any = dataclasses.replace(before, time=time, **fields)  # type: ignore[arg-type]
    write(path, changed)


def write(path: Path, what: About) -> None:
    """Write run.json. Raises OutputError."""
    content = json.dumps(what.as_dict(), indent=2, ensure_ascii=False)
    write_whole(path / FILE, content.encode() + b"\n")


def by_directory(path: Path) -> About:
    """Identify a run without run.json, by its directory's name and contents.

    An inner run has the outer one's workload and time.
    """
    sides = tuple(sorted({file.name.rpartition("-")[0] for file in path.glob("events/*.jsonl")}))
    parent = path.parent.name
    if _time(path.name) is None and _time(parent) is not None:
        outer = by_directory(path.parent)
        name = f"{outer.name}/{path.name}"
        return dataclasses.replace(outer, name=name, kind=plain(sides), sides=sides)
    time = _time(path.name)
    named = path.name.partition("-")[2] if time else path.name
    kind = _kind(path, named, sides)
    before, behind = _AROUND.get(kind, ("", ""))
    return About(path.name, kind, named.removeprefix(before).removesuffix(behind), time, sides)


def _kind(path: Path, named: str, sides: Sequence[str]) -> Kind:
    """Return the kind by its results; for a run killed before it had any, by its name."""
    for result, kind in _RESULTS.items():
        if (path / f"{result}.json").exists():
            return plain(sides) if kind is Kind.COMPARE else kind
    if not sides and (path / "certificate.json").exists():
        return Kind.VERIFY
    for kind, (before, behind) in _AROUND.items():
        # The trials are in the inner runs of recipes or loops.
        if named.startswith(before) and named.endswith(behind) and not (behind and sides):
            return kind
    return Kind.COMPARE if not sides else plain(sides)


def _time(name: str) -> datetime | None:
    try:
        return datetime.strptime(name.partition("-")[0], STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
