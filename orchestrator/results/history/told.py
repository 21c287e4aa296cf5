"""What the file with a run's result says about the run; the rest of the file is ignored."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT
from orchestrator.storage.about import Kind

NOT_FINISHED = Phrase("It was not finished.")
_DIFFERENCES = Phrase("{count} differences, one at a time.")
_DIFFERENCE = Phrase("1 difference.")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Those of `orchestrator.results.history.Entry`; an older file may lack some."""

    faster: str | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    pairs: int | None = None
    epoch_seconds: Mapping[str, float | None] = field(default_factory=dict)
    test_accuracy: Mapping[str, float | None] = field(default_factory=dict)
    test_r2: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What a result's file says about its run; ``frameworks``: None if it does not name them."""

    finding: Sentence
    frameworks: Sequence[str] | None = None
    same_job: bool | None = None
    warnings: Sequence[str] = ()
    numbers: Numbers = field(default_factory=Numbers)


@dataclass(frozen=True, slots=True)
class _Warning:
    code: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    sentence: Sentence
    faster: str | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    pairs: int | None = None


@dataclass(frozen=True, slots=True)
class _Decision:
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class _Proof:
    same_job: bool


@dataclass(frozen=True, slots=True)
class _Pair:
    verdict: _Verdict | None


@dataclass(frozen=True, slots=True)
class _Quantities:
    epoch_seconds: float | None = None
    test_accuracy: float | None = None
    test_r2: float | None = None


@dataclass(frozen=True, slots=True)
class _Side:
    quantities: _Quantities = field(default_factory=_Quantities)


@dataclass(frozen=True, slots=True)
class _Compared:
    frameworks: Mapping[str, _Side]
    finding: Sentence
    certificate: _Proof | None = None
    verdict: _Verdict | None = None
    pairs: Sequence[_Pair] = ()
    warnings: Sequence[_Warning] = ()
    decisions: Sequence[_Decision] = ()

    def told(self) -> Told:
        """Return only the decisions and verdicts, if there are any."""
        several = [self.verdict, *(each.verdict for each in self.pairs)]
        verdicts = [each for each in several if each is not None]
        decided = [each.sentence for each in self.decisions]
        said = [*decided, *(each.sentence for each in verdicts)] if verdicts else []
        return Told(
            join(NEXT, said or [self.finding]),
            list(self.frameworks),
            self.certificate.same_job if self.certificate else None,
            _codes(self.warnings),
            self._numbers(verdicts),
        )

    def _numbers(self, verdicts: Sequence[_Verdict]) -> Numbers:
        by_side = {name: each.quantities for name, each in self.frameworks.items()}
        found = Numbers(
            epoch_seconds={name: each.epoch_seconds for name, each in by_side.items()},
            test_accuracy={name: each.test_accuracy for name, each in by_side.items()},
            test_r2={name: each.test_r2 for name, each in by_side.items()},
        )
        if len(verdicts) != 1:
            return found
        (only,) = verdicts
        names = "faster", "ratio", "low", "high", "pairs"
        return replace(found, **{name: getattr(only, name) for name in names})


@dataclass(frozen=True, slots=True)
class _Recipes:
    times: Mapping[str, Mapping[str, object]]
    sentence: Sentence
    warnings: Mapping[str, Sequence[_Warning]] = field(default_factory=dict)

    def told(self) -> Told:
        warnings = _codes(itertools.chain(*self.warnings.values()))
        return Told(self.sentence, _sides(self.times), warnings=warnings)


@dataclass(frozen=True, slots=True)
class _Loops:
    epoch_seconds: Mapping[str, Mapping[str, object]]
    sentences: Sequence[Sentence]
    warnings: Mapping[str, Sequence[_Warning]] = field(default_factory=dict)

    def told(self) -> Told:
        findings = self.sentences or [english(NOT_FINISHED)]
        warnings = _codes(itertools.chain(*self.warnings.values()))
        return Told(join(NEXT, findings), _sides(self.epoch_seconds), warnings=warnings)


def _codes(warnings: Iterable[_Warning]) -> list[str]:
    """Return the codes, each once."""
    return list(dict.fromkeys(each.code for each in warnings))


def _sides(variants: Mapping[str, Mapping[str, object]]) -> list[str]:
    return sorted({name for by_side in variants.values() for name in by_side})


@dataclass(frozen=True, slots=True)
class _Row:
    pitfall: str | None = None


@dataclass(frozen=True, slots=True)
class _Rows:
    rows: Sequence[_Row]


@dataclass(frozen=True, slots=True)
class _Explained:
    rows: Sequence[_Row] = ()
    pairs: Sequence[_Rows] = ()
    warnings: Sequence[_Warning] = ()

    def told(self) -> Told:
        several = [self.rows, *(each.rows for each in self.pairs)]
        if not any(several):
            return Told(english(NOT_FINISHED), warnings=_codes(self.warnings))
        count = max(sum(row.pitfall is not None for row in rows) for rows in several)
        finding = english(_DIFFERENCE if count == 1 else _DIFFERENCES, count=count)
        return Told(finding, warnings=_codes(self.warnings))


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
        return Told(self.sentence, list(dict.fromkeys(itertools.chain(*several))), self.same_job)


@dataclass(frozen=True, slots=True)
class _Parity:
    sentence: Sentence
    versions: Mapping[str, object] = field(default_factory=dict)
    warnings: Sequence[_Warning] = ()

    def told(self) -> Told:
        return Told(self.sentence, list(self.versions), warnings=_codes(self.warnings))


@dataclass(frozen=True, slots=True)
class _Cell:
    same_job: bool | None = None
    epoch_seconds: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Sweep:
    sentences: Sequence[Sentence]
    cells: Sequence[_Cell] = ()
    warnings: Mapping[str, Sequence[_Warning]] = field(default_factory=dict)

    def told(self) -> Told:
        shown = [cell.same_job for cell in self.cells if cell.same_job is not None]
        return Told(
            join(NEXT, self.sentences or [english(NOT_FINISHED)]),
            _sides({str(n): cell.epoch_seconds for n, cell in enumerate(self.cells)}),
            all(shown) if shown else None,
            _codes(itertools.chain(*self.warnings.values())),
        )


class _Result(Protocol):
    def told(self) -> Told: ...


# The file with the result of a run, and how it is read.
RESULTS: Mapping[Kind, tuple[str, type[_Result]]] = {
    Kind.TRAIN: ("comparison", _Compared),
    Kind.COMPARE: ("comparison", _Compared),
    Kind.RECIPES: ("recipes", _Recipes),
    Kind.LOOPS: ("loops", _Loops),
    Kind.EXPLAIN: ("explanation", _Explained),
    Kind.VERIFY: ("certificate", _Verified),
    Kind.PARITY: ("parity", _Parity),
    Kind.SWEEP: ("sweep", _Sweep),
}
