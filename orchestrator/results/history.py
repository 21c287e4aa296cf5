"""The existing runs: what each was, and its result."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Protocol

from orchestrator.language.phrases import Phrase, Sentence, english, join, say
from orchestrator.language.words import NEXT
from orchestrator.storage.about import About, Kind
from orchestrator.storage.store import Run
from orchestrator.trials.reading import read

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
        name, kind = _RESULTS[what.kind]
        if (result := run.result(name)) is not None:
            outcome = read(kind, result, str(run.path / f"{name}.json")).told()
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


# What is read of each file; the rest of it is ignored.


@dataclass(frozen=True, slots=True)
class _Warning:
    code: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class _Proof:
    same_job: bool


@dataclass(frozen=True, slots=True)
class _Pair:
    verdict: _Verdict | None


@dataclass(frozen=True, slots=True)
class _Compared:
    frameworks: Mapping[str, object]
    finding: Sentence
    certificate: _Proof | None = None
    verdict: _Verdict | None = None
    pairs: Sequence[_Pair] = ()
    warnings: Sequence[_Warning] = ()

    def told(self) -> Told:
        """Return only the verdicts, if there are any."""
        verdicts = [self.verdict, *(each.verdict for each in self.pairs)]
        findings = [each.sentence for each in verdicts if each is not None]
        return Told(
            join(NEXT, findings or [self.finding]),
            list(self.frameworks),
            self.certificate.same_job if self.certificate else None,
            [each.code for each in self.warnings],
        )


@dataclass(frozen=True, slots=True)
class _Recipes:
    times: Mapping[str, Mapping[str, object]]
    sentence: Sentence

    def told(self) -> Told:
        return Told(self.sentence, _sides(self.times))


@dataclass(frozen=True, slots=True)
class _Loops:
    epoch_seconds: Mapping[str, Mapping[str, object]]
    sentences: Sequence[Sentence]

    def told(self) -> Told:
        findings = self.sentences or [english(_NOT_FINISHED)]
        return Told(join(NEXT, findings), _sides(self.epoch_seconds))


def _sides(variants: Mapping[str, Mapping[str, object]]) -> list[str]:
    return sorted({name for by_side in variants.values() for name in by_side})


@dataclass(frozen=True, slots=True)
class _Rows:
    rows: Sequence[object]


@dataclass(frozen=True, slots=True)
class _Explained:
    rows: Sequence[object] = ()
    pairs: Sequence[_Rows] = ()

    def told(self) -> Told:
        count = max(len(self.rows), *(len(each.rows) for each in self.pairs), 0)
        return Told(english(_DIFFERENCES, count=count))


@dataclass(frozen=True, slots=True)
class _Versions:
    versions: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Verified:
    same_job: bool
    sentence: Sentence
    versions: Mapping[str, object] = field(default_factory=dict)
    pairs: Sequence[_Versions] = ()

    def told(self) -> Told:
        several = [self.versions, *(each.versions for each in self.pairs)]
        return Told(self.sentence, list(dict.fromkeys(chain(*several))), self.same_job)


class _Result(Protocol):
    def told(self) -> Told: ...


# The file with the result of a run, and how it is read.
_RESULTS: Mapping[Kind, tuple[str, type[_Result]]] = {
    Kind.TRAIN: ("comparison", _Compared),
    Kind.COMPARE: ("comparison", _Compared),
    Kind.RECIPES: ("recipes", _Recipes),
    Kind.LOOPS: ("loops", _Loops),
    Kind.EXPLAIN: ("explanation", _Explained),
    Kind.VERIFY: ("certificate", _Verified),
}


def as_dicts(found: Sequence[Entry]) -> list[dict[str, object]]:
    return [asdict(each) for each in found]
