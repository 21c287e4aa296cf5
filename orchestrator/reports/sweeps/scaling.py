"""How each side of a sweep scales -> a table of its samples per second by number of devices."""

from collections.abc import Iterator, Sequence

from orchestrator.language.phrases import Phrase, english, say
from orchestrator.language.words import OF, label
from orchestrator.reports.grid import BLANK, UNKNOWN, Cell, Column, Grid, Part, Row, Said
from orchestrator.results.estimate import FEWEST_PAIRS
from orchestrator.results.sweeps.scaling import Scaled, Scaling
from orchestrator.results.sweeps.words import setting

_DEVICES, _PACE = Phrase("Devices"), Phrase("Samples per second")
_OVER = Phrase("Speed-up over {fewest}")
_EFFICIENCY, _ROUNDS, _SHOWN = Phrase("Efficiency"), Phrase("Rounds"), Phrase("Shown")
_INTERVAL = Phrase("{speed_up:.2f} ({low:.2f} to {high:.2f})")
_BY_DEVICES = Phrase("{side} by number of devices")
_FEW = Phrase(
    "A speed-up has no interval ({pairs} rounds with {side} on {devices} devices and on {fewest}): "
    "it takes {enough}."
)
NOTE = Phrase(
    "Samples per second: the median of the side's trials. Speed-up: how many times as many as on "
    "its fewest devices. Its interval (95 %, each by itself) is of pairs of trials of one round of "
    "the sweep, which have the same seed but did not run one right after the other. Efficiency: "
    "the speed-up over how many times as many devices."
)


def report(found: Sequence[Scaling]) -> Iterator[Part]:
    """Yield what is not known yet first, then a table for each side and setting."""
    if not found:
        return
    yield from (Said(text, strong=True) for text in too_few(found))
    for each in found:
        yield from (Said(caption(each)), table(each), BLANK)
    yield from (Said(say(NOTE)), BLANK)


def too_few(found: Sequence[Scaling]) -> list[str]:
    """Return a sentence about the speed-up with the fewest pairs, if it has too few."""
    lacking = [
        (row.pairs, each, row)
        for each in found
        for row in each.rows
        if row.speed_up is not None and row.devices != each.fewest and row.low is None
    ]
    if not lacking:
        return []
    pairs, each, row = min(lacking, key=lambda one: one[0])
    names = {"side": label(each.side), "devices": row.devices, "fewest": each.fewest}
    return [say(_FEW, pairs=pairs, **names, enough=FEWEST_PAIRS)]


def caption(found: Scaling) -> str:
    """Say which side a table is of, and which values of the other axes."""
    by = english(_BY_DEVICES, side=label(found.side))
    where = setting(found.others)
    return say(english(OF, name=where, what=by)) if where else say(by)


def table(found: Scaling) -> Grid:
    """Return a row for each number of devices."""
    over = UNKNOWN if found.fewest is None else found.fewest
    columns = [
        Column(Cell(say(_DEVICES))),
        Column(Cell(say(_PACE))),
        Column(Cell(say(_OVER, fewest=over))),
        Column(Cell(say(_EFFICIENCY))),
        Column(Cell(say(_ROUNDS))),
        Column(Cell(say(_SHOWN)), numeric=False),
    ]
    return Grid(columns, [_row(found, each) for each in found.rows])


def _row(found: Scaling, of: Scaled) -> Row:
    efficiency = UNKNOWN if of.efficiency is None else f"{of.efficiency:.0%}".replace("%", " %")
    rounds = UNKNOWN if of.devices == found.fewest else str(of.pairs)
    pace = UNKNOWN if of.samples_per_second is None else f"{of.samples_per_second:,.0f}"
    texts = [str(of.devices), pace, _speed_up(of), efficiency, rounds, say(of.verdict)]
    return Row([Cell(text) for text in texts])


def _speed_up(found: Scaled) -> str:
    if found.speed_up is None:
        return UNKNOWN
    if found.low is None or found.high is None:
        return f"{found.speed_up:.2f}"
    return say(_INTERVAL, speed_up=found.speed_up, low=found.low, high=found.high)
