"""The existing runs: what each was, and its result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import NEXT
from orchestrator.storage.about import About, Kind
from orchestrator.storage.store import Run
from orchestrator.trials.stored import sentence, sentences

_NOT_FINISHED = Phrase("It was not finished.")
_DIFFERENCES = Phrase("{count} differences, one at a time.")
_UNREADABLE = Phrase("It cannot be read: {why}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One run. ``kind``: as of `orchestrator.storage.about`, or ``unknown``.

    ``time``: when it was made, ISO 8601, empty if not known; ``finding``: its result, a sentence;
    ``same_job``: None if there is no certificate; ``warnings``: codes.
    """

    name: str
    path: str
    kind: str
    time: str
    workload: str
    frameworks: Sequence[str]
    finding: Sentence
    same_job: bool | None
    warnings: Sequence[str]


def entries(runs: Sequence[Run]) -> list[Entry]:
    """Return an entry for each of ``runs``, in order. An unreadable one says so."""
    return [entry(run) for run in runs]


def entry(run: Run) -> Entry:
    """Return what is known about one run by its results only; events are not read."""
    what: About | None = None
    outcome = Told(english(_NOT_FINISHED))
    try:
        what = run.about()
        name, read = _RESULTS[what.kind]
        if (result := run.result(name)) is not None:
            outcome = read(result)
            say(outcome.finding)  # a finding that cannot be rendered in this language is invalid
    except Exception as error:  # noqa: BLE001 - one bad run must not hide the others
        outcome = Told(english(_UNREADABLE, why=getattr(error, "message", repr(error))))
    return Entry(
        name=run.path.name,
        path=str(run.path),
        kind=what.kind if what else "unknown",
        time=what.time.isoformat() if what and what.time else "",
        workload=what.workload if what else "",
        frameworks=what.sides if outcome.frameworks is None and what else outcome.frameworks or (),
        finding=outcome.finding,
        same_job=outcome.same_job,
        warnings=outcome.warnings,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What a result's file says about its run; ``frameworks``: None if it does not name them."""

    finding: Sentence
    frameworks: Sequence[str] | None = None
    same_job: bool | None = None
    warnings: Sequence[str] = ()


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
        [_text(warning["code"]) for warning in found.get("warnings", ())],
    )


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
    count = max((len(each["rows"]) for each in several), default=0)
    return Told(english(_DIFFERENCES, count=count))


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
