"""Pairs of trials, one for each case -> how far apart two frameworks are in each kind by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from twinrun.contract.spec import JobSpec

from orchestrator.certificate.evidence import Evidence
from orchestrator.certificate.gaps import INITIAL, LOGITS, LOSSES, gaps
from orchestrator.certificate.rounding import rule_of
from orchestrator.certificate.tolerance import tolerance
from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import COMMA, NEXT, OF, label
from orchestrator.results.circumstances import Caution
from orchestrator.settings.parity import Group
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.relative import differences

SCHEMA = "twinrun.parity/1"
_NAMED = 5  # rows in a sentence
MATCHED, IDIOMATIC = "matched", "idiomatic"
_LARGEST = Phrase("{largest} in {precision}")
_ALL = Phrase("{agreeing} of {rows} rows agree as matched jobs.")
_APART = Phrase("Largest relative differences: {largest}.")
_OWN = Phrase("In each framework's own way {agreeing} of {rows} do.")
_WRONG = Phrase("Beyond what rounding explains: {names}.")
_MORE = Phrase("{count} more")
_NONE = Phrase("No row was finished.")
_ROW = Phrase("{case} ({precision}, {execution})")
_OF_SIDE = Phrase("{row} of {side}")


@dataclass(frozen=True, slots=True)
class Planned:
    """A pair of trials, by their ``number``, and which case they are of."""

    number: int
    group: Group
    case: str
    recipe: str
    precision: str
    execution: str


@dataclass(frozen=True, slots=True)
class Apart:
    """How far two trials are apart, relative to the larger.

    ``forward``: the losses of the steps, and the test logits after them, the larger of both.
    ``gradient``: what the steps changed in any array, relative to the largest change of all.
    """

    forward: float
    gradient: float

    @property
    def largest(self) -> float:
        return max(self.forward, self.gradient)


@dataclass(frozen=True, slots=True)
class Row:
    """A case of the baseline and ``side``; ``matched`` and ``own``: None: a trial is missing.

    ``own``: by the idiomatic recipe, from the same initial values. ``allowed``: what rounding makes
    of the matched one at most. ``lacking``: why a trial failed.
    """

    group: str
    case: str
    precision: str
    execution: str
    side: str
    matched: Apart | None
    own: Apart | None
    allowed: float
    lacking: Sequence[Sentence] = ()

    @property
    def agrees(self) -> bool:
        return self.matched is not None and self.matched.largest <= self.allowed

    @property
    def name(self) -> Sentence:
        return english(_ROW, case=self.case, precision=self.precision, execution=self.execution)


@dataclass(frozen=True, slots=True)
class Parity:
    """The rows of a table; ``versions`` of each framework, the baseline's first."""

    baseline: str
    versions: Mapping[str, str]
    rows: Sequence[Row]

    @property
    def wrong(self) -> list[Row]:
        """The rows whose matched trials were run and do not agree."""
        return [row for row in self.rows if row.matched is not None and not row.agrees]

    @property
    def lacking(self) -> list[Sentence]:
        """Why there are trials that did not end, each reason once, with its row."""
        found = ((row.name, why) for row in self.rows for why in row.lacking)
        return [english(OF, name=name, what=why) for name, why in dict.fromkeys(found)]

    def name(self, row: Row) -> Sentence:
        """Return a row's name; where there are several sides, with its own."""
        if len({each.side for each in self.rows}) < 2:
            return row.name
        return english(_OF_SIDE, row=row.name, side=label(row.side))

    @property
    def sentence(self) -> Sentence:
        known = [row for row in self.rows if row.matched is not None]
        if not known:
            return english(_NONE)
        largest: dict[str, float] = {}
        for row in known:
            most = max(largest.get(row.precision, 0.0), row.matched.largest if row.matched else 0.0)
            largest[row.precision] = most
        parts = [english(_LARGEST, largest=f"{v:.1e}", precision=k) for k, v in largest.items()]
        counts = {"agreeing": sum(row.agrees for row in known), "rows": len(known)}
        said = [english(_ALL, **counts), english(_APART, largest=join(COMMA, parts))]
        if own := [row for row in self.rows if row.own is not None]:
            said.append(english(_OWN, agreeing=sum(map(_own_agrees, own)), rows=len(own)))
        if wrong := self.wrong:
            said.append(english(_WRONG, names=join(COMMA, self._first(wrong))))
        return join(NEXT, said)

    def _first(self, rows: Sequence[Row]) -> list[Sentence]:
        """Return the names of some, and how many more there are."""
        named = [self.name(row) for row in rows[:_NAMED]]
        more = len(rows) - len(named)
        return [*named, english(_MORE, count=more)] if more else named


def _own_agrees(row: Row) -> bool:
    return row.own is not None and row.own.largest <= row.allowed


def allowed(job: JobSpec) -> float:
    """Return how far a few steps of two matched trials may be apart, by rounding alone."""
    rule = rule_of(job)
    largest = rule.again or rule.first
    return tolerance(job).logits if largest is None else largest


@np.errstate(all="ignore")  # one side's numbers may be none
def apart(first: Evidence, second: Evidence) -> Apart:
    """Subtract two trials that began alike; what either side lacks is infinitely far apart."""
    beside = (INITIAL, LOSSES, LOGITS)
    forward = [gap.values.max() for gap in gaps(first, second) if gap.quantity in beside]
    return Apart(float(max(forward)), _of_changes(first, second))


def _of_changes(first: Evidence, second: Evidence) -> float:
    """Return the largest difference of two changes, relative to the largest change."""
    one, other = (
        {
            name: array.astype(np.float64) - each.initial_weights[name]
            for name, array in each.weights.items()
            if name in each.initial_weights
        }
        for each in (first, second)
    )
    if {name: a.shape for name, a in one.items()} != {name: a.shape for name, a in other.items()}:
        return float("inf")
    first_flat, second_flat = (np.concatenate([c[n].ravel() for n in one]) for c in (one, other))
    scale = np.full(first_flat.shape, max(np.abs(first_flat).max(), np.abs(second_flat).max()))
    return float(differences(first_flat, second_flat, scale).max())


def as_dict(found: Parity, cautions: Sequence[Caution] = ()) -> dict[str, object]:
    """Return the contents of parity.json."""
    rows = [{**fields_of(row), "agrees": row.agrees} for row in found.rows]
    return as_json(
        {
            "schema": SCHEMA,
            "sentence": found.sentence,
            "baseline": found.baseline,
            "versions": found.versions,
            "rows": rows,
            "warnings": cautions,
        }
    )
