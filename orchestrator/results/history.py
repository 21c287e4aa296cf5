"""The existing runs: what each was, what became of it, and its result."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import NEXT
from orchestrator.results.quantities import EPOCH, TEST_ACCURACY
from orchestrator.storage.about import About, Kind, State
from orchestrator.storage.running import is_running
from orchestrator.storage.store import Run
from orchestrator.trials.stored import sentence, sentences

_NOT_FINISHED = Phrase("It was not finished.")
_DIFFERENCES = Phrase("{count} differences, one at a time.")
_RUNNING = Phrase("It is running: {count} trials have begun.")
_RUNNING_AT = Phrase("It is running: {text}.")
_DIFFERENCE = Phrase("1 difference.")
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
    was, the ends of the 95 % interval, ``pairs`` of trials. ``epoch_seconds`` and
    ``test_accuracy`` by side, medians.
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
        name, read = _RESULTS[what.kind]
        if (result := run.result(name)) is not None:
            outcome = read(result)
            say(outcome.finding)  # a finding that cannot be rendered in this language is invalid
            state = state if state == RUNNING else str(what.state or State.FINISHED)
        elif state == RUNNING:
            outcome = Told(_so_far(run))
    except Exception as error:  # noqa: BLE001 - one bad run must not hide the others
        outcome = Told(english(_UNREADABLE, why=getattr(error, "message", repr(error))))
    outcome = outcome or Told(english(_NOT_FINISHED))
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
        **outcome.numbers,
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


@dataclass(frozen=True, slots=True)
class Told:
    """What a result's file says about its run; ``frameworks``: None if it does not name them.

    ``numbers``: those of `Entry`.
    """

    finding: Sentence
    frameworks: Sequence[str] | None = None
    same_job: bool | None = None
    warnings: Sequence[str] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)


# Each raises some error if the file has invalid contents.


def _compared(found: Mapping[str, Any]) -> Told:
    """Return only the verdicts, if there are any."""
    proof = found.get("certificate")
    verdicts = [each["verdict"] for each in found.get("pairs", [found]) if each["verdict"]]
    findings = [sentence(each, "sentence") for each in verdicts] or [sentence(found, "finding")]
    return Told(
        join(NEXT, findings),
        list(found["frameworks"]),
        bool(proof["same_job"]) if proof else None,
        list(dict.fromkeys(_text(warning["code"]) for warning in found.get("warnings", ()))),
        _numbers(found, verdicts),
    )


def _numbers(found: Mapping[str, Any], verdicts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the numbers of a comparison; an older one may lack some."""
    only: Mapping[str, Any] = verdicts[0] if len(verdicts) == 1 else {}
    by_side = {name: each.get("quantities", {}) for name, each in found["frameworks"].items()}
    return {
        **{name: only.get(name) for name in ("faster", "ratio", "low", "high", "pairs")},
        "epoch_seconds": {name: each.get(EPOCH.name) for name, each in by_side.items()},
        "test_accuracy": {name: each.get(TEST_ACCURACY.name) for name, each in by_side.items()},
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _recipes(found: Mapping[str, Any]) -> Told:
    frameworks = {name for by_name in found["times"].values() for name in by_name}
    return Told(sentence(found, "sentence"), sorted(frameworks), warnings=_of_variants(found))


def _loops(found: Mapping[str, Any]) -> Told:
    frameworks = {name for by_name in found["epoch_seconds"].values() for name in by_name}
    findings = sentences(found, "sentences") or [english(_NOT_FINISHED)]
    return Told(join(NEXT, findings), sorted(frameworks), warnings=_of_variants(found))


def _of_variants(found: Mapping[str, Any]) -> list[str]:
    """Return the codes of the warnings, each once."""
    several = found.get("warnings", {}).values()
    return list(dict.fromkeys(_text(warning["code"]) for each in several for warning in each))


def _explained(found: Mapping[str, Any]) -> Told:
    several = found.get("pairs", [found])
    if not any(each["rows"] for each in several):
        return Told(english(_NOT_FINISHED))
    differing = [[row for row in each["rows"] if row["pitfall"]] for each in several]
    count = max(map(len, differing))
    return Told(english(_DIFFERENCE if count == 1 else _DIFFERENCES, count=count))


def _verified(found: Mapping[str, Any]) -> Told:
    several = found.get("pairs", [found])
    sides = dict.fromkeys(side for each in several for side in each.get("versions", ()))
    return Told(sentence(found, "sentence"), list(sides), bool(found["same_job"]))


# The file with the result of a run, and how it is read.
_RESULTS: Mapping[Kind, tuple[str, Callable[[Mapping[str, Any]], Told]]] = {
    Kind.TRAIN: ("comparison", _compared),
    Kind.COMPARE: ("comparison", _compared),
    Kind.RECIPES: ("recipes", _recipes),
    Kind.LOOPS: ("loops", _loops),
    Kind.EXPLAIN: ("explanation", _explained),
    Kind.VERIFY: ("certificate", _verified),
}


def as_dicts(found: Sequence[Entry]) -> list[dict[str, object]]:
    return [asdict(each) for each in found]
