"""How a side's samples per second grow with its devices, in a sweep over ``devices``.

The unit is the round of a sweep, in which each cell has one block: two trials of a side with the
same number, on so many devices and on its fewest, make a pair. They have the same seed, and ran in
the same round, but not one right after the other. Each speed-up is estimated by pairs, as a ratio
of two sides (`orchestrator.results.estimate`); its interval holds by itself.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.results.blocks import is_sound
from orchestrator.results.circumstances import taken
from orchestrator.results.comparison import Comparison, same_job
from orchestrator.results.estimate import Estimate, fewest_pairs
from orchestrator.results.quantities import THROUGHPUT, ratio_of
from orchestrator.results.sweeps.lines import is_numeric
from orchestrator.results.sweeps.words import DISTURBED, FEW, LEVEL, NO_DIFFERENCE, NOT_SAME
from orchestrator.results.verdict import DISTURBED as MOST_TAKEN
from orchestrator.results.verdict import LEVEL_BELOW
from orchestrator.storage.sweeping import SweepPlan
from orchestrator.trials.sides import Side
from orchestrator.trials.trial import Trial

AXIS = "devices"
_FASTER, _SLOWER = Phrase("faster"), Phrase("slower")
_FEWEST = Phrase("the fewest")


@dataclass(frozen=True, slots=True)
class Scaled:
    """A side on so many ``devices``.

    ``samples_per_second``: the median of its trials. ``speed_up``: how many times as many samples
    per second as on the fewest devices, by ``pairs``; None if there is no pair, or a job was not
    the same. ``low`` and ``high``: the ends of its 95 % interval, None if there are too few pairs.
    ``efficiency``: the speed-up over how many times as many devices they are; 1 is ideal.
    ``verdict``: what the trials show, in a word or two.
    """

    devices: int
    samples_per_second: float | None
    speed_up: float | None
    low: float | None
    high: float | None
    efficiency: float | None
    pairs: int
    verdict: Sentence


@dataclass(frozen=True, slots=True)
class Scaling:
    """A ``side`` by its number of devices, ascending. ``others``: the values of the other axes.

    ``fewest``: the devices that the speed-ups are over; None: no cell of it was the same job.
    """

    side: str
    others: Mapping[str, object]
    fewest: int | None
    rows: Sequence[Scaled]


@dataclass(frozen=True, slots=True)
class _Cell:
    """The trials of a side in one cell; ``same``: its job was not shown to be another one."""

    devices: int
    trials: Sequence[Trial]
    same: bool


def blocks_in_rounds(repeats: int, sides: int) -> int:
    """Return how many blocks each cell has in rounds, if a precision is asked for.

    What follows is given to single cells, so blocks with these numbers are not of one time.
    """
    return max(repeats, fewest_pairs(max(1, sides - 1)))


def scalings(plan: SweepPlan, compared: Mapping[str, Comparison]) -> list[Scaling]:
    """Return each side that has trials on two numbers of devices, for each setting of other axes.

    None of a side that sets its devices itself.
    """
    if not is_numeric(plan.axes.get(AXIS, [None])):
        return []
    others = {name: values for name, values in plan.axes.items() if name != AXIS}
    return [
        found
        for at in itertools.product(*others.values())
        for found in _of_setting(plan, compared, dict(zip(others, at, strict=True)))
    ]


def _of_setting(
    plan: SweepPlan, compared: Mapping[str, Comparison], others: Mapping[str, object]
) -> Iterator[Scaling]:
    several = {
        int(float(str(cell.at[AXIS]))): compared[cell.name]
        for cell in plan.cells
        if cell.name in compared and all(cell.at[name] == value for name, value in others.items())
    }
    sides = dict.fromkeys(side for each in several.values() for side in each.counted)
    last = blocks_in_rounds(plan.repeats, len(sides))
    for side in sides:
        if any(field == AXIS for field, _ in Side.named(side).changes):
            continue
        cells = [
            _Cell(devices, trials, same_job(each) is not False)
            for devices, each in sorted(several.items())
            if (trials := [t for t in each.counted.get(side, ()) if is_sound(t)])
        ]
        if len(cells) > 1:
            fewest = next((cell for cell in cells if cell.same), None)
            rows = [_row(cell, fewest, last) for cell in cells]
            yield Scaling(side, others, fewest.devices if fewest else None, rows)


def _row(cell: _Cell, fewest: _Cell | None, last: int) -> Scaled:
    """Return a side on so many devices; pairs with ``fewest`` are of blocks up to ``last``."""
    pace = THROUGHPUT.of(cell.trials, None)
    if fewest is None or not cell.same:
        return Scaled(cell.devices, pace, None, None, None, None, 0, english(NOT_SAME))
    if cell is fewest:
        return Scaled(cell.devices, pace, 1.0, None, None, 1.0, 0, english(_FEWEST))
    base, these = ([t for t in each.trials if t.number <= last] for each in (fewest, cell))
    found = ratio_of(base, these, THROUGHPUT, None)
    if found is None:
        return Scaled(cell.devices, pace, None, None, None, None, 0, english(FEW))
    return Scaled(
        devices=cell.devices,
        samples_per_second=pace,
        speed_up=found.ratio,
        low=found.low,
        high=found.high,
        efficiency=found.ratio * fewest.devices / cell.devices,
        pairs=found.pairs,
        verdict=english(_shown(found, [*base, *these])),
    )


def _shown(found: Estimate, trials: Sequence[Trial]) -> Phrase:
    shares = [share for trial in trials if (share := taken(trial)) is not None]
    if found.half_width is None:
        return FEW
    if shares and median(shares) > MOST_TAKEN:
        return DISTURBED
    if not found.shown:
        return NO_DIFFERENCE
    if 1 / LEVEL_BELOW < found.ratio < LEVEL_BELOW:
        return LEVEL
    return _FASTER if found.ratio > 1 else _SLOWER
