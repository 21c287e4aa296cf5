"""The cells of a sweep along one axis: one line for each combination of the other axes."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.language.phrases import Phrase, Sentence, english, join
from orchestrator.language.words import NEXT, OF, label
from orchestrator.results.sweeps.crossover import Crossover, Point, crossovers, fewest_blocks
from orchestrator.results.sweeps.words import setting

_CROSSES = Phrase(
    "{below} is faster where {axis} is below about {at}, and {above} where it is above (95 %: "
    "{low} to {high}; shown between {first} and {last})."
)
_THROUGHOUT = Phrase("{faster} is faster than {slower} at every {axis} from {first} to {last}.")
_NONE = Phrase("No crossover of {baseline} and {side} is shown between {axis} {first} and {last}.")
_FEW = Phrase(
    "No crossover of {baseline} and {side} can be shown between {axis} {first} and {last}: it "
    "takes {fewest} blocks of each cell, and one has {blocks}."
)


@dataclass(frozen=True, slots=True)
class LinePoint:
    """A cell's ratio of two sides, as `orchestrator.results.sweeps.Ratio`."""

    baseline: str
    side: str
    ratio: float | None
    low: float | None
    high: float | None
    faster: str | None
    ratios: Sequence[float]
    machines: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of a line that has a ratio, ``at`` a value of its axis."""

    at: float
    ratio: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """The ratio of ``side`` over ``baseline`` along a numeric ``axis``.

    ``others``: the values of the other axes. ``places``: in the order of the axis. ``crossovers``:
    those that its trials show.
    """

    axis: str
    others: Mapping[str, object]
    baseline: str
    side: str
    places: Sequence[Place]
    crossovers: Sequence[Crossover]
    sentence: Sentence


Cells = Sequence[tuple[Mapping[str, object], Sequence[LinePoint]]]


def is_numeric(values: Sequence[object]) -> bool:
    """Return whether an axis with these values has an order of its own."""
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


def lines(axes: Mapping[str, Sequence[object]], cells: Cells) -> list[Line]:
    """Return the lines along each numeric axis that have two cells with a ratio or more."""
    found = list[Line]()
    for axis, values in axes.items():
        if is_numeric(values):
            others = {name: each for name, each in axes.items() if name != axis}
            for at in itertools.product(*others.values()):
                found += _along(axis, dict(zip(others, at, strict=True)), cells)
    return found


def _along(axis: str, others: Mapping[str, object], cells: Cells) -> Iterator[Line]:
    """Yield a line for each pair of sides."""
    by_pair: dict[tuple[str, str], list[tuple[float, LinePoint]]] = {}
    for at, points in cells:
        if all(at[name] == value for name, value in others.items()):
            for point in points:
                if point.ratio is not None:
                    place = float(str(at[axis]))
                    by_pair.setdefault((point.baseline, point.side), []).append((place, point))
    for (baseline, side), several in by_pair.items():
        several.sort(key=lambda each: each[0])
        if len(several) > 1:
            yield _line(axis, others, baseline, side, several)


def _line(
    axis: str,
    others: Mapping[str, object],
    baseline: str,
    side: str,
    several: Sequence[tuple[float, LinePoint]],
) -> Line:
    found = crossovers([Point(at, point.ratios, point.machines) for at, point in several])
    sentences = [_crossing(axis, baseline, side, each) for each in found]
    if not found:
        sentences = [_none(axis, baseline, side, several)]
    where = setting(others)
    said = join(NEXT, sentences)
    return Line(
        axis=axis,
        others=others,
        baseline=baseline,
        side=side,
        places=[Place(at, p.ratio or 0.0, p.low, p.high) for at, p in several],
        crossovers=found,
        sentence=english(OF, name=where, what=said) if where else said,
    )


def _crossing(axis: str, baseline: str, side: str, found: Crossover) -> Sentence:
    below, above = (baseline, side) if found.baseline_below else (side, baseline)
    first, last = found.between
    return english(
        _CROSSES,
        below=label(below),
        above=label(above),
        axis=axis,
        at=_rounded(found.at),
        low=_rounded(found.low),
        high=_rounded(found.high),
        first=f"{first:g}",
        last=f"{last:g}",
    )


def _none(
    axis: str, baseline: str, side: str, several: Sequence[tuple[float, LinePoint]]
) -> Sentence:
    """Say that none is shown, or that one side is faster at every value."""
    ends = {"axis": axis, "first": f"{several[0][0]:g}", "last": f"{several[-1][0]:g}"}
    names = {"baseline": label(baseline), "side": label(side)}
    shown = {point.faster for _, point in several}
    if shown in ({baseline}, {side}):
        faster, slower = (baseline, side) if shown == {baseline} else (side, baseline)
        return english(_THROUGHOUT, faster=label(faster), slower=label(slower), **ends)
    fewest = fewest_blocks(len(several))
    few = [len(point.ratios) for _, point in several if 0 < len(point.ratios) < fewest]
    if few:
        return english(_FEW, **names, **ends, blocks=min(few), fewest=fewest)
    return english(_NONE, **names, **ends)


def _rounded(value: float) -> str:
    """Write a place on an axis, to two digits: more would say more than is known."""
    return f"{value:.2g}" if value < 9.5 else f"{float(f'{value:.2g}'):,.0f}"
