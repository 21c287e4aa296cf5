"""The existing runs: what each was, what became of it, and its result."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum

from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, Sentence, english, say
from orchestrator.results.history.told import NOT_FINISHED, RESULTS, Told
from orchestrator.storage.about import About, State
from orchestrator.storage.running import is_running
from orchestrator.storage.store import Run
from orchestrator.trials.mappings.reading import read
from orchestrator.trials.mappings.stored import sentence

_RUNNING = Phrase("It is running: {count} trials have begun.")
_RUNNING_AT = Phrase("It is running: {text}.")
_UNREADABLE = Phrase("It cannot be read: {why}")


class Sort(StrEnum):
    """What runs are sorted by."""

    TIME = "time"
    WORKLOAD = "workload"
    KIND = "kind"
    STATE = "state"
    RATIO = "ratio"


RUNNING = "running"  # the state of a run besides those of `State`


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run. ``kind``: as of `orchestrator.storage.about`, or ``unknown``.

    ``state``: ``running``, ``finished`` or ``stopped``. ``time``: when it was made, ISO 8601, empty
    if not known; ``finding``: its result, a sentence; ``same_job``: None if there is no
    certificate; ``warnings``: codes; ``host``: where it was made, empty if not known; ``label``:
    the user's own words. ``settings``: the fields of the job spec, dotted, in which it differs from
    other runs of its kind and workload in the list.

    The verdict of two sides, None if there is none: how many times as fast (``ratio``) ``faster``
    was, the ends of the 95 % interval, ``pairs`` of trials. ``epoch_seconds``,
    ``test_accuracy`` and, of a regression, ``test_r2`` by side, medians.
    """

    name: str
    path: str
    kind: str
    state: str
    time: str
    workload: str
    label: str
    host: str
    frameworks: Sequence[str]
    finding: Sentence
    same_job: bool | None
    warnings: Sequence[str]
    settings: Mapping[str, object] = field(default_factory=dict)
    faster: str | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    pairs: int | None = None
    epoch_seconds: Mapping[str, float | None] = field(default_factory=dict)
    test_accuracy: Mapping[str, float | None] = field(default_factory=dict)
    test_r2: Mapping[str, float | None] = field(default_factory=dict)


def entries(runs: Sequence[Run]) -> list[Entry]:
    """Return an entry for each of ``runs``, in order. An unreadable one says so."""
    found = [(entry(run), _settings(run)) for run in runs]
    alike: dict[tuple[str, str], list[Mapping[str, object]]] = {}
    for each, settings in found:
        alike.setdefault((each.kind, each.workload), []).append(settings)
    varying = {key: set(_varying(several)) for key, several in alike.items()}
    return [
        dataclasses.replace(
            each,
            settings={
                name: value
                for name, value in settings.items()
                if name in varying[each.kind, each.workload]
            },
        )
        for each, settings in found
    ]


def fitting(runs: Sequence[Run], workload: str | None, since: datetime | None) -> list[Run]:
    """Return those of ``runs`` of this workload, made since then; None: any."""
    return [run for run in runs if _fits(run, workload, since)]


def arranged(runs: Sequence[Run], sort: Sort, number: int | None = None) -> list[Entry]:
    """Return entries of ``runs``, which are given oldest first; the first ``number`` of them."""
    newest = runs[::-1]
    if sort is Sort.TIME:
        return entries(newest[:number])
    return sorted(entries(newest), key=_SORTED_BY[sort])[:number]


def _fits(run: Run, workload: str | None, since: datetime | None) -> bool:
    if workload is None and since is None:
        return True
    try:
        what = run.about()
    except RunUnreadable:
        return False
    late = since is None or (what.time is not None and what.time >= since)
    return late and workload in (None, what.workload)


# How entries that are not sorted by time are: the greatest ratio first.
_SORTED_BY: Mapping[Sort, Callable[[Entry], str | float]] = {
    Sort.WORKLOAD: lambda each: each.workload,
    Sort.KIND: lambda each: each.kind,
    Sort.STATE: lambda each: each.state,
    Sort.RATIO: lambda each: -(each.ratio or 0),
}


def entry(run: Run) -> Entry:
    """Return what is known about one run by its results only; events are not read."""
    what: About | None = None
    outcome: Told | None = None
    state = str(State.STOPPED)
    try:
        if is_running(run.path):
            state = RUNNING
        what = run.about()
        name, kind = RESULTS[what.kind]
        if (result := run.result(name)) is not None:
            outcome = read(kind, result, str(run.path / f"{name}.json")).told()
            say(outcome.finding)  # a finding that cannot be rendered in this language is invalid
            state = state if state == RUNNING else str(what.state or State.FINISHED)
        elif state == RUNNING:
            outcome = Told(_so_far(run))
    except Exception as error:  # noqa: BLE001 - one bad run must not hide the others
        outcome = Told(english(_UNREADABLE, why=getattr(error, "message", repr(error))))
    outcome = outcome or Told(english(NOT_FINISHED))
    return Entry(
        name=run.path.name,
        path=str(run.path),
        kind=what.kind if what else "unknown",
        state=state,
        time=what.time.isoformat() if what and what.time else "",
        workload=what.workload if what else "",
        label=what.label if what else "",
        host=what.host if what else "",
        frameworks=what.sides if outcome.frameworks is None and what else outcome.frameworks or (),
        finding=outcome.finding,
        same_job=outcome.same_job,
        warnings=outcome.warnings,
        **{each.name: getattr(outcome.numbers, each.name) for each in fields(outcome.numbers)},
    )


def _so_far(run: Run) -> Sentence:
    """Say how far a run that is being made has come."""
    progress = run.result("progress")
    if progress is None:
        return english(_RUNNING, count=run.count_trials())
    return english(_RUNNING_AT, text=sentence(progress, "text"))


def _settings(run: Run) -> dict[str, object]:
    """Return the fields of the job spec, dotted; none if it cannot be read."""
    try:
        return dict(_flat(run.result("job") or {}, ""))
    except Exception:  # noqa: BLE001 - one bad run must not hide the others
        return {}


def _flat(mapping: Mapping[str, object], before: str) -> Iterator[tuple[str, object]]:
    for name, value in mapping.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _varying(several: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Yield the names whose values are not the same in all."""
    for name in dict.fromkeys(itertools.chain.from_iterable(several)):
        if len({json.dumps(each.get(name), sort_keys=True) for each in several}) > 1:
            yield name


def as_dicts(found: Sequence[Entry]) -> list[dict[str, object]]:
    return [asdict(each) for each in found]
