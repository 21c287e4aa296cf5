"""A grid of comparisons -> the ratio over each axis, and where one side overtakes the other."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.language.words import OF, label
from orchestrator.results.circumstances import Caution
from orchestrator.results.comparison import Comparison, same_job
from orchestrator.results.quantities import EPOCH
from orchestrator.results.sweeps.lines import Line, LinePoint, lines
from orchestrator.results.sweeps.scaling import Scaling, scalings
from orchestrator.results.sweeps.words import DISTURBED, FEW, LEVEL, NO_DIFFERENCE, NOT_SAME
from orchestrator.results.verdict import DISTURBED as MOST_TAKEN
from orchestrator.results.verdict import Verdict
from orchestrator.storage.sweeping import SweepPlan
from orchestrator.trials.mappings.stored import as_json, fields_of
from orchestrator.trials.sides import are_the_same

SCHEMA = "twinrun.sweep/1"
_NOT_BEGUN = Phrase("It was not begun.")
_FASTER = Phrase("{side}")
_NO_VERDICT = Phrase("no verdict")
_UNFINISHED = Phrase("{count} of {of} cells have no block yet; go on: orchestrator resume")


@dataclass(frozen=True, slots=True)
class Ratio:
    """Seconds of an epoch of ``side`` over those of ``baseline``, in one cell.

    ``low`` and ``high``: the ends of its 95 % interval, None if there are too few ``pairs``.
    ``faster``: the side that the cell's trials show to be faster, None: none. ``verdict``: the same
    in a word or two. ``ratios`` of each pair; none if the cell gives no verdict. ``machines``: of
    each pair; none if it is of no cluster.
    """

    baseline: str
    side: str
    ratio: float | None
    low: float | None
    high: float | None
    pairs: int
    faster: str | None
    verdict: Sentence
    ratios: Sequence[float] = ()
    machines: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CellResult:
    """``at``: its value of each axis. ``same_job``: None if nothing was to be shown."""

    name: str
    at: Mapping[str, object]
    finding: Sentence
    same_job: bool | None = None
    epoch_seconds: Mapping[str, float | None] = field(default_factory=dict)
    ratios: Sequence[Ratio] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """``axes``: the values of each field that varies. ``lines``: the ratio over each axis.

    ``scaling``: of each side with its devices, if they vary.

    ``sentences``: cells that are not the same job first, then cells without a verdict for another
    reason, then what each line shows. ``warnings`` by cell.
    """

    axes: Mapping[str, Sequence[object]]
    cells: Sequence[CellResult]
    lines: Sequence[Line]
    sentences: Sequence[Sentence]
    warnings: Mapping[str, Sequence[Caution]] = field(default_factory=dict)
    scaling: Sequence[Scaling] = ()

    @property
    def sides(self) -> list[str]:
        """Every side that any cell has a trial of."""
        return list(dict.fromkeys(side for cell in self.cells for side in cell.epoch_seconds))


def sweep(plan: SweepPlan, compared: Mapping[str, Comparison]) -> Sweep:
    """Return the result of the cells that have trials; ``compared``: their comparisons, by name."""
    cells = [_cell(cell.name, cell.at, compared.get(cell.name)) for cell in plan.cells]
    found = lines(plan.axes, [(cell.at, _points(cell)) for cell in cells])
    return Sweep(
        axes=plan.axes,
        cells=cells,
        lines=found,
        sentences=[*_without_verdict(cells), *(line.sentence for line in found)],
        warnings={name: each.cautions for name, each in compared.items()},
        scaling=scalings(plan, compared),
    )


def _cell(name: str, at: Mapping[str, object], compared: Comparison | None) -> CellResult:
    if compared is None:
        return CellResult(name, at, english(_NOT_BEGUN))
    same = same_job(compared)
    return CellResult(
        name=name,
        at=at,
        finding=compared.finding,
        same_job=same,
        epoch_seconds={
            side: EPOCH.of(trials, compared.job) for side, trials in compared.counted.items()
        },
        ratios=[
            _ratio(pair.baseline, pair.side, pair.verdict, _machines(compared), same=same)
            for pair in compared.pairs
        ],
    )


def _machines(compared: Comparison) -> dict[int, str]:
    """Return the machine of each block, by number; none of what is of no cluster."""
    trials = itertools.chain(*compared.counted.values())
    return {trial.number: trial.machine for trial in trials if trial.machine}


def _ratio(
    baseline: str,
    side: str,
    found: Verdict | None,
    on: Mapping[int, str],
    *,
    same: bool | None,
) -> Ratio:
    """Return the ratio of one pair; a cell that is not the same job has none."""
    if same is False or found is None:
        why = english(NOT_SAME if same is False else _NO_VERDICT)
        return Ratio(baseline, side, None, None, None, found.pairs if found else 0, None, why)
    upside = found.slower == side  # the verdict's ratios are the slower one's over the faster's
    ratios = [each if upside else 1 / each for each in found.pair_ratios.values()]
    ends = [None if end is None else end if upside else 1 / end for end in (found.low, found.high)]
    low, high = ends if upside else ends[::-1]
    nothing = _says_nothing(found)
    return Ratio(
        baseline=baseline,
        side=side,
        ratio=found.ratio if upside else 1 / found.ratio,
        low=low,
        high=high,
        pairs=found.pairs,
        faster=found.faster if found.shown else None,
        verdict=_in_words(found),
        ratios=() if nothing else ratios,
        machines=[] if nothing else [on[number] for number in found.pair_ratios if number in on],
    )


def _says_nothing(found: Verdict) -> bool:
    """Return whether its ratios are of two identical sides, or of a disturbed machine."""
    return (found.taken or 0.0) > MOST_TAKEN or are_the_same((found.faster, found.slower))


def _in_words(found: Verdict) -> Sentence:
    if found.shown:
        return english(_FASTER, side=label(found.faster))
    if found.level:
        return english(LEVEL)
    if found.decided:
        return english(NO_DIFFERENCE)
    return english(FEW if found.provisional else DISTURBED)


def _points(cell: CellResult) -> list[LinePoint]:
    return [
        LinePoint(
            *(each.baseline, each.side, each.ratio, each.low, each.high, each.faster),
            *(each.ratios, each.machines),
        )
        for each in cell.ratios
    ]


def _without_verdict(cells: Sequence[CellResult]) -> Iterator[Sentence]:
    """Yield a sentence for each cell that has no verdict, those that are not the same job first."""
    for cell in sorted(cells, key=lambda cell: cell.same_job is not False):
        lacking = not any(each.ratio is not None for each in cell.ratios)
        if cell.same_job is False or (lacking and cell.epoch_seconds):
            yield english(OF, name=cell.name, what=cell.finding)
    waiting = sum(not cell.epoch_seconds for cell in cells)
    if waiting:
        yield english(_UNFINISHED, count=waiting, of=len(cells))


def as_dict(found: Sweep) -> dict[str, object]:
    """Return the contents of sweep.json."""
    return as_json({"schema": SCHEMA, **fields_of(found)})
